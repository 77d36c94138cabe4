// e_json: walks a JSON value and sets a field per leaf. Paths begin with the source field's name.
#include "base/text.h"
#include "transform/compiler.h"
#include "transform/jmespath.h"
#include "transform/json.h"
#include "transform/regex.h"
#include "transform/registry.h"
#include "transform/set_field.h"

#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

enum class NameForm { Simple, Full, Parent, Root, Custom };

struct JsonSettings {
    const Expr* field = nullptr;
    bool expands = true;
    const Expr* depth = nullptr;
    std::string_view prefix;
    std::string_view suffix;
    NameForm form = NameForm::Simple;
    std::string_view custom;
    std::string_view separator;
    bool expands_arrays = true;
    std::string_view array_form;
    bool plain_array_form = true;  ///< "{parent_rlist[0]}_{index}"
    const Regex* include_node = nullptr;
    const Regex* exclude_node = nullptr;
    const Regex* include_path = nullptr;
    const Regex* exclude_path = nullptr;
    const JmesPath* jmes = nullptr;
    const Expr* output = nullptr;
    bool ignores_null = true;
    Mode mode = Mode::FillAuto;
};

/// How many levels e_json expands; nothing for what is no such number.
std::optional<std::int64_t> depth_of(const Value& value, Arena& arena) {
    const auto number = value.is_text() ? parse_number(value.text(), arena) : std::optional(value);
    if (!number || number->kind != Kind::Int || number->integer < 1) return std::nullopt;
    return number->integer;
}

/// One walk; gathers leaves by name, the last one of a name counts.
class JsonWalk {
  public:
    JsonWalk(Frame& frame, const JsonSettings& settings, std::string_view root)
        : frame_(frame), set_(settings), leaves_(frame.arena()) {
        path_.push_back(root);
    }

    /// What is no container here is a leaf with the source field's own name.
    void walk(const Value& value, std::int64_t depth) {
        if (value.kind == Kind::Dict || (value.is_list() && set_.expands_arrays)) {
            container(value, depth);
        } else {
            leaf(path_.front(), value);
        }
    }
    Value leaves() { return leaves_.done(); }

  private:
    void container(const Value& value, std::int64_t depth) {
        if (frame_.has_failed) return;
        if (value.kind == Kind::Dict) {
            for (const auto& entry : *value.dict) node(entry.key.text(), entry.value, depth);
        } else if (value.is_list()) {
            for (std::size_t i = 0; i < value.list->size; ++i) {
                node(array_name(i), value.list->items[i], depth);
            }
        }
    }

    void node(std::string_view name, const Value& value, std::int64_t depth) {
        const bool deeper = value.kind == Kind::Dict || (value.is_list() && set_.expands_arrays);
        if (deeper && depth > 1) {
            path_.push_back(name);
            container(value, depth - 1);
            path_.pop_back();
            return;
        }
        leaf(name, value);
    }

    void leaf(std::string_view name, const Value& value) {
        if (!is_meant(name)) return;
        if (const auto field = field_name(name)) {
            leaves_.set(Value::of(*field), Value::of(stored_text(value, frame_.arena())));
        } else {
            frame_.warn();
        }
    }

    std::string_view array_name(std::size_t index) {
        if (set_.plain_array_form) {
            char digits[24] = "_";
            const auto end = std::to_chars(digits + 1, digits + sizeof digits, index).ptr;
            return frame_.arena().concat(path_.back(),
                                         {digits, static_cast<std::size_t>(end - digits)});
        }
        return frame_.arena().copy(fill(set_.array_form, {}, index).value_or(""));
    }

    bool is_meant(std::string_view name) {
        auto& runner = *frame_.state.regex_runner;
        if (set_.include_node == nullptr) {
            if (!is_extractable_name(name)) return false;
        } else if (set_.include_node->full_match(runner, name) != MatchResult::Match) {
            return false;
        }
        if (set_.exclude_node != nullptr &&
            set_.exclude_node->full_match(runner, name) == MatchResult::Match) {
            return false;
        }
        if (set_.include_path == nullptr && set_.exclude_path == nullptr) return true;
        const auto path = joined_path(".") + "." + std::string(name);
        if (set_.include_path != nullptr &&
            set_.include_path->match_start(runner, path) != MatchResult::Match) {
            return false;
        }
        return set_.exclude_path == nullptr ||
               set_.exclude_path->match_start(runner, path) != MatchResult::Match;
    }

    std::string joined_path(std::string_view separator) const {
        std::string text;
        for (const auto part : path_) {
            if (!text.empty()) text += separator;
            text += part;
        }
        return text;
    }

    /// Nothing where the form names a parent that is not there: such a leaf is left out.
    std::optional<std::string_view> field_name(std::string_view name) {
        const auto wrapped = wrap_name(frame_, set_.prefix, name, set_.suffix);
        const auto with_parent = [&](std::string_view parent) {
            return frame_.arena().concat(frame_.arena().concat(parent, set_.separator), wrapped);
        };
        switch (set_.form) {
            case NameForm::Simple:
                return wrapped;
            case NameForm::Full:
                return with_parent(joined_path(set_.separator));
            case NameForm::Parent:
                return with_parent(path_.back());
            case NameForm::Root:
                return with_parent(path_.front());
            case NameForm::Custom:
                break;
        }
        const auto filled = fill(set_.custom, name, 0);
        if (!filled) return std::nullopt;
        return frame_.arena().copy(*filled);
    }

    /// {parent_list[0]}, {parent_rlist[0]}, {current}, {sep}, {prefix}, {suffix}, {index}.
    std::optional<std::string> fill(std::string_view form, std::string_view current,
                                    std::size_t index) {
        std::string text;
        for (std::size_t at = 0; at < form.size();) {
            const auto open = std::min(form.find('{', at), form.size());
            text += form.substr(at, open - at);
            if (open == form.size()) break;
            const auto close = form.find('}', open);
            if (close == std::string_view::npos) break;
            const auto value = placeholder(form.substr(open + 1, close - open - 1), current, index);
            if (!value) return std::nullopt;
            text += *value;
            at = close + 1;
        }
        return text;
    }

    std::optional<std::string> placeholder(std::string_view name, std::string_view current,
                                           std::size_t index) const {
        if (name == "current") return std::string(current);
        if (name == "sep") return std::string(set_.separator);
        if (name == "prefix") return std::string(set_.prefix);
        if (name == "suffix") return std::string(set_.suffix);
        if (name == "index") return std::to_string(index);
        const auto bracket = name.find('[');
        std::size_t place = 0;
        if (bracket != std::string_view::npos) {
            std::from_chars(name.data() + bracket + 1, name.data() + name.size(), place);
        }
        const auto list = name.substr(0, bracket);
        if (place < path_.size() && list == "parent_list") return std::string(path_[place]);
        if (place < path_.size() && list == "parent_rlist") {
            return std::string(path_[path_.size() - 1 - place]);
        }
        return std::nullopt;
    }

    Frame& frame_;
    const JsonSettings& set_;
    DictBuilder leaves_;
    std::vector<std::string_view> path_;
};

class JsonExtract final : public Op {
  public:
    explicit JsonExtract(const JsonSettings& settings)
        : set_(settings),
          is_plain_(settings.expands && settings.form == NameForm::Simple &&
                    settings.include_node == nullptr && settings.exclude_node == nullptr &&
                    settings.include_path == nullptr && settings.exclude_path == nullptr &&
                    settings.jmes == nullptr && settings.output->is_constant &&
                    !is_true(settings.output->constant)) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const Value field = (*set_.field)(frame);
        if (frame.has_failed) return Flow::Ended;
        const auto name = stored_text(field, frame.arena());
        const auto text = event.find(name, frame.arena());
        if (text && is_plain_ && expand_flat(frame, event, *text)) {
            return frame.has_failed ? Flow::Ended : Flow::Go;
        }
        const auto json = text ? parse_json_value(*text, frame.arena()) : std::nullopt;
        if (!json) {
            frame.warn();
            return Flow::Go;
        }
        Value value = *json;
        if (set_.jmes != nullptr) {
            const auto found = set_.jmes->try_select(value, frame);
            if (!found || (found->is_null() && set_.ignores_null)) {
                frame.warn();
                return Flow::Go;
            }
            value = *found;
        }
        store_output(frame, event, value);
        if (set_.expands) expand(frame, event, name, value);
        return frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    /// False, and nothing done, when the text is not as simple as that.
    bool expand_flat(Frame& frame, Event& event, std::string_view text) const {
        const auto members = read_flat_object(text, frame.arena());
        if (!members) return false;
        for (const auto& [name, value] : *members) {
            if (!is_extractable_name(name)) continue;
            set_field(frame, event, wrap_name(frame, set_.prefix, name, set_.suffix), value,
                      set_.mode);
        }
        return true;
    }

    void store_output(Frame& frame, Event& event, const Value& value) const {
        const Value output = (*set_.output)(frame);
        if (frame.has_failed || !is_true(output)) return;
        set_field(frame, event, stored_text(output, frame.arena()),
                  stored_text(value, frame.arena()), set_.mode);
    }

    void expand(Frame& frame, Event& event, std::string_view root, const Value& value) const {
        const auto depth = depth_of((*set_.depth)(frame), frame.arena());
        if (!depth) frame.fail("e_json: depth must be an integer of at least 1");
        if (frame.has_failed) return;
        JsonWalk walk(frame, set_, root);
        walk.walk(value, *depth);
        if (frame.has_failed) return;
        const Value leaves = walk.leaves();
        for (const auto& leaf : *leaves.dict) {
            set_field(frame, event, leaf.key.text(), leaf.value.text(), set_.mode);
        }
    }

    JsonSettings set_;
    bool is_plain_;  ///< a field for each leaf under its own name, and nothing else
};

void choose_form(std::string_view text, JsonSettings& settings) {
    if (text == "simple" || text.empty()) return;
    settings.form = text == "full"     ? NameForm::Full
                    : text == "parent" ? NameForm::Parent
                    : text == "root"   ? NameForm::Root
                                       : NameForm::Custom;
    settings.custom = text;
}

const Regex* optional_regex(Compiler& compiler, const Node& call, std::string_view param) {
    const auto text = compiler.constant_text(call, param);
    return text.empty() ? nullptr : compiler.regex(text, compiler.span_of(call, param));
}

const Op* build_json(Compiler& compiler, const Node& call) {
    JsonSettings set;
    set.field = compiler.argument(call, 0);
    set.prefix = compiler.constant_text(call, "prefix");
    set.suffix = compiler.constant_text(call, "suffix");
    choose_form(compiler.constant_text(call, "fmt"), set);
    if (set.form == NameForm::Custom && set.custom.find('{') == std::string_view::npos) {
        const auto close = nearest(set.custom, {"simple", "full", "parent", "root"});
        compiler.diagnostics().error(
            "T0510", compiler.span_of(call, "fmt"),
            fmt::format("fmt \"{}\" is no form and has no placeholder", set.custom),
            close ? fmt::format("did you mean \"{}\"?", *close)
                  : "simple, full, parent, root or a template such as "
                    "\"{parent_rlist[0]}_{current}\"");
    }
    set.separator = compiler.constant_text(call, "sep");
    set.expands_arrays = compiler.constant_flag(call, "expand_array");
    set.array_form = compiler.constant_text(call, "fmt_array");
    set.plain_array_form = set.array_form == "{parent_rlist[0]}_{index}";
    set.include_node = optional_regex(compiler, call, "include_node");
    set.exclude_node = optional_regex(compiler, call, "exclude_node");
    set.include_path = optional_regex(compiler, call, "include_path");
    set.exclude_path = optional_regex(compiler, call, "exclude_path");
    const auto jmes = compiler.constant_text(call, "jmes");
    if (!jmes.empty()) {
        set.jmes = compile_jmes(compiler, jmes, compiler.span_of(call, "jmes"));
    }
    set.output = compiler.named(call, "output");
    set.ignores_null = compiler.constant_flag(call, "jmes_ignore_none");
    set.mode = compiler.constant_mode(call);
    set.depth = compiler.named(call, "depth");
    if (set.depth->is_constant && !depth_of(set.depth->constant, compiler.arena())) {
        compiler.diagnostics().error("T0510", compiler.span_of(call, "depth"),
                                     "depth must be an integer of at least 1");
    }
    const bool has_output = !(set.output->is_constant && !is_true(set.output->constant));
    const Expr* expands = compiler.named(call, "expand");
    set.expands = expands->is_constant && expands->constant.is_null()
                      ? set.jmes == nullptr || !has_output
                      : compiler.constant_flag(call, "expand");
    compiler.reads(set.field);
    compiler.edits("e_json sets fields of each log");
    if (set.expands) compiler.effects().writes_unknown = true;
    if (has_output) compiler.writes(set.output, "e_json");
    return compiler.code().make<JsonExtract>(set);
}

constexpr FunctionEntry kFunctions[] = {
    {"e_json(field:f, expand=null, depth:n=100, prefix:t=\"\", suffix:t=\"\", fmt:t=\"simple\", "
     "sep:t=\".\", expand_array=True, fmt_array:t=\"{parent_rlist[0]}_{index}\", "
     "include_node:t=null, exclude_node:t=\"\", include_path:t=\"\", exclude_path:t=\"\", "
     "jmes:t=\"\", output:f=\"\", jmes_ignore_none=True, mode:m=\"fill-auto\")",
     FunctionTier::Core,
     "Sets a field for each leaf of a JSON text, or one from what a JMESPath selects.",
     {R"(e_json("d", fmt="full"))", R"j({"d": "{\"a\": {\"b\": 1}}"})j",
      R"j({"d": "{\"a\": {\"b\": 1}}", "d.a.b": "1"})j"},
     nullptr,
     nullptr,
     build_json},
};

}  // namespace

std::span<const FunctionEntry> json_extract_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
