// transform repl: steps and expressions tried on an event, line by line.
#include "base/text.h"
#include "daemon/commands/line_editor.h"
#include "daemon/commands/transform_tools.h"
#include "transform/formatter.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

using transform::EventFields;
using transform::Program;

bool is_name_part(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}

class Repl {
  public:
    explicit Repl(Streams& streams)
        : out_(streams.out), lines_(streams.in, streams.out, [this](std::string_view before) {
              return complete(before);
          }) {}

    int run() {
        out_ << "{...} sets the event, a step changes it, an expression shows its value.\n"
                ":event shows it, :history the lines so far, NAME? the functions that begin so,\n"
                ":quit ends. Tab completes, the arrows bring lines back.\n";
        std::string pending;
        while (const auto line = lines_.next(pending.empty() ? "> " : ". ")) {
            const std::string text = pending.empty() ? std::string(trim(*line)) : *line;
            if (pending.empty() && (text == ":quit" || text == ":q")) break;
            pending += (pending.empty() ? "" : "\n") + text;
            if (!text.empty() && is_open(pending)) continue;
            if (!pending.empty()) take(pending);
            pending.clear();
        }
        return kExitDone;
    }

  private:
    /// A bracket is still open: the step goes on in the next line.
    static bool is_open(const std::string& text) {
        if (text.front() == ':' || text.front() == '{' || text.ends_with('?')) return false;
        int depth = 0;
        for (std::size_t at = 0; at < text.size(); ++at) {
            const char c = text[at];
            if (c == '#') at = std::min(text.find('\n', at), text.size());
            if (c == '"' || c == '\'') {
                for (++at; at < text.size() && text[at] != c; ++at) {
                    if (text[at] == '\\') ++at;
                }
            }
            if (c == '(' || c == '[' || c == '{') ++depth;
            if (c == ')' || c == ']' || c == '}') --depth;
        }
        return depth > 0;
    }

    void take(const std::string& text) {
        if (text == ":event") {
            out_ << transform::event_json(event_) << "\n";
        } else if (text == ":history") {
            for (const auto& each : history_) out_ << each << "\n";
        } else if (text.front() == ':') {
            out_ << "unknown: " << text << "; there are :event, :history and :quit\n";
        } else if (text.ends_with('?')) {
            suggest(text.substr(0, text.size() - 1));
        } else if (text.starts_with('{')) {
            set_event(text);
        } else {
            history_.push_back(text);
            if (!show_value(text)) run_steps(text);
        }
    }

    void set_event(const std::string& text) {
        const auto parsed = parse_json(text);
        const auto fields = parsed ? transform::parse_event(*parsed) : parsed.error();
        if (fields) {
            event_ = *fields;
        } else {
            out_ << "error: " << fields.error().message << "\n";
        }
    }

    /// False when the text is no expression.
    bool show_value(const std::string& text) {
        if (Program::compile(text).program) return false;
        const auto as_value = Program::compile("e_set(\"=\", " + text + "\n)");
        if (!as_value.program) return false;
        const auto result = as_value.program->run_event(event_, now(), scratch_);
        for (const auto& failure : result.failures) out_ << "failed: " << failure << "\n";
        for (const auto& emitted : result.emitted) {
            const auto value = std::find_if(emitted.fields.begin(), emitted.fields.end(),
                                            [](const auto& field) { return field.first == "="; });
            out_ << (value == emitted.fields.end() ? "null" : value->second) << "\n";
        }
        return true;
    }

    void run_steps(const std::string& text) {
        const auto compiled = Program::compile(text);
        for (const auto& each : compiled.diagnostics) {
            out_ << transform::render(each, text, "line");
        }
        if (!compiled.program) return;
        const auto result = compiled.program->run_event(event_, now(), scratch_);
        for (const auto& failure : result.failures) out_ << "failed: " << failure << "\n";
        if (result.emitted.empty() && result.failures.empty()) out_ << "dropped\n";
        for (const auto& emitted : result.emitted) {
            if (!emitted.target.empty()) out_ << "[" << emitted.target << "] ";
            out_ << transform::event_json(emitted.fields) << "\n";
            if (emitted.target.empty()) event_ = emitted.fields;
        }
    }

    void suggest(const std::string& word) {
        const auto names = transform::function_names_with(word);
        for (const auto& name : names) out_ << "  " << name << "\n";
        if (names.empty()) out_ << "  no function begins with \"" << word << "\"\n";
    }

    /// Behind a quote the event's fields, elsewhere functions and constants.
    Completion complete(std::string_view before) const {
        Completion found;
        found.begin = before.size();
        while (found.begin > 0 && is_name_part(before[found.begin - 1])) --found.begin;
        const auto word = before.substr(found.begin);
        const char left = found.begin > 0 ? before[found.begin - 1] : ' ';
        const auto offer = [&](std::string_view name) {
            if (name.starts_with(word)) found.words.emplace_back(name);
        };
        if (left == '"' || left == '\'') {
            for (const auto& field : event_) offer(field.first);
            return found;
        }
        for (const auto& signature : transform::function_names_with(word)) {
            offer(signature.substr(0, signature.find('(') + 1));
        }
        for (const std::string_view name : {"KEEP", "DROP", "True", "False", "None", "F_TIME",
                                            "F_META", "F_TAGS", "F_RECEIVE_TIME", "F_PACK_META",
                                            "MATH_PI", "MATH_E", ":event", ":history", ":quit"}) {
            offer(name);
        }
        return found;
    }

    static transform::RunContext now() { return {SystemClock().wall()}; }

    std::ostream& out_;
    TerminalLines lines_;
    EventFields event_;
    std::vector<std::string> history_;
    transform::Scratch scratch_;
};

int repl(const Arguments&, Streams& streams) {
    return Repl(streams).run();
}

}  // namespace

std::vector<Command> transform_repl_commands() {
    return {{"transform repl",
             "try steps and expressions on an event, line by line",
             "Tab completes functions and, behind a quote, the event's fields. A step with an open "
             "bracket goes on in the next line.",
             {},
             {},
             repl}};
}

}  // namespace spillway::daemon
