// Values out of text: regular expressions, separated values, key-value pairs, anchors, syslog
// priority.
#include "transform/compiler.h"
#include "transform/csv.h"
#include "transform/field_names.h"
#include "transform/name_matcher.h"
#include "transform/regex.h"
#include "transform/registry.h"
#include "transform/set_field.h"
#include "transform/unicode.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Flow flow_of(const Frame& frame) {
    return frame.has_failed ? Flow::Ended : Flow::Go;
}

std::optional<std::string_view> source_text(Frame& frame, Event& event, const Expr* field) {
    const Value name = (*field)(frame);
    if (frame.has_failed || name.is_null()) return std::nullopt;
    const auto text = event.find(stored_text(name, frame.arena()), frame.arena());
    if (!text) frame.warn();
    return text;
}

/// False after a failure.
bool search(Frame& frame, const Regex& regex, std::string_view text, std::size_t from, bool& found,
            std::string_view function) {
    const auto result = regex.search(*frame.state.regex_runner, text, from);
    found = result == MatchResult::Match;
    if (result != MatchResult::LimitExceeded) return true;
    frame.fail(fmt::format("{}: the pattern \"{}\" takes too long", function, regex.pattern()));
    return false;
}

class RegexExtract final : public Op {
  public:
    RegexExtract(const Expr* field, const Expr* pattern, const Regex* regex, const Expr* info,
                 Mode mode)
        : field_(field), pattern_(pattern), regex_(regex), info_(info), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const auto text = source_text(frame, event, field_);
        if (!text) return flow_of(frame);
        const Value info = (*info_)(frame);
        if (frame.has_failed) return Flow::Ended;
        // Last of all: another pattern made at run time may take this one's place.
        const Regex* regex =
            regex_ != nullptr ? regex_ : regex_for(frame, nullptr, (*pattern_)(frame), "e_regex");
        if (frame.has_failed) return Flow::Ended;
        bool found = false;
        if (!search(frame, *regex, *text, 0, found, "e_regex")) return Flow::Ended;
        if (!found) {
            frame.warn();
            return Flow::Go;
        }
        apply(frame, event, *regex, *text, info);
        return flow_of(frame);
    }

  private:
    void apply(Frame& frame, Event& event, const Regex& regex, std::string_view text,
               const Value& info) const {
        auto& runner = *frame.state.regex_runner;
        for (const auto& group : regex.named_groups()) {
            const auto value = regex.group(runner, group.number);
            if (value) set_field(frame, event, group.name, *value, mode_);
        }
        if (info.is_text()) {
            set_field(frame, event, info.text(), regex.group(runner, 0).value_or(""), mode_);
        } else if (info.is_list()) {
            regex.group_count() > 0 ? groups(frame, event, regex, *info.list)
                                    : matches(frame, event, regex, text, *info.list);
        } else if (info.kind == Kind::Dict) {
            templates(frame, event, regex, text, *info.dict);
        } else if (!info.is_null()) {
            frame.fail("e_regex: fields_info must be text, a list or a dict");
        }
    }

    void put(Frame& frame, Event& event, const Value& name, std::string_view value) const {
        if (name.is_null()) return;
        const auto key = stored_text(name, frame.arena());
        if (is_extractable_name(key)) set_field(frame, event, key, value, mode_);
    }

    void groups(Frame& frame, Event& event, const Regex& regex, const List& names) const {
        const std::size_t count = std::min<std::size_t>(names.size, regex.group_count());
        for (std::size_t i = 0; i < count; ++i) {
            const auto value =
                regex.group(*frame.state.regex_runner, static_cast<std::uint32_t>(i + 1));
            if (value) put(frame, event, names.items[i], *value);
        }
    }

    template <class Visit>
    static void each_match(Frame& frame, const Regex& regex, std::string_view text, Visit&& visit) {
        auto& runner = *frame.state.regex_runner;
        for (auto result = regex.search(runner, text);; result = regex.search_next(runner, text)) {
            if (result == MatchResult::LimitExceeded) {
                frame.fail(
                    fmt::format("e_regex: the pattern \"{}\" takes too long", regex.pattern()));
            }
            if (result != MatchResult::Match || !visit()) return;
        }
    }

    void matches(Frame& frame, Event& event, const Regex& regex, std::string_view text,
                 const List& names) const {
        std::size_t place = 0;
        each_match(frame, regex, text, [&] {
            if (place == names.size) return false;
            put(frame, event, names.items[place++],
                regex.group(*frame.state.regex_runner, 0).value_or(""));
            return !frame.has_failed;
        });
    }

    void templates(Frame& frame, Event& event, const Regex& regex, std::string_view text,
                   const Dict& dict) const {
        each_match(frame, regex, text, [&] {
            for (const auto& entry : dict) {
                std::string key;
                std::string value;
                auto& runner = *frame.state.regex_runner;
                auto done =
                    append_replacement(key, regex, runner, stored_text(entry.key, frame.arena()));
                if (done) {
                    done = append_replacement(value, regex, runner,
                                              stored_text(entry.value, frame.arena()));
                }
                if (!done) {
                    frame.fail("e_regex: " + done.error().message);
                    return false;
                }
                put(frame, event, Value::of(frame.arena().copy(key)), frame.arena().copy(value));
            }
            return !frame.has_failed;
        });
    }

    const Expr* field_;
    const Expr* pattern_;
    const Regex* regex_;
    const Expr* info_;
    Mode mode_;
};

/// Constant templates may only name groups that the pattern has.
void check_templates(Compiler& compiler, const Node& call, const Regex* regex, const Expr* info) {
    if (regex == nullptr || !info->is_constant || info->constant.kind != Kind::Dict) return;
    for (const auto& entry : *info->constant.dict) {
        for (const Value& side : {entry.key, entry.value}) {
            const auto done = check_replacement(*regex, stored_text(side, compiler.arena()));
            if (done) continue;
            compiler.diagnostics().error("T0510", compiler.span_of(call, "fields_info"),
                                         done.error().message);
            return;
        }
    }
}

const Op* build_regex(Compiler& compiler, const Node& call) {
    const Expr* field = compiler.argument(call, 0);
    const Expr* pattern = compiler.argument(call, 1);
    const Regex* regex = nullptr;
    compiler.reads(field);
    compiler.edits("e_regex sets fields of each log");
    if (pattern->is_constant && pattern->constant.is_text()) {
        regex = compiler.regex(pattern->constant.text(), call.bound[1]->span);
        if (regex == nullptr) return nullptr;
        for (const auto& group : regex->named_groups()) {
            compiler.effects().writes.insert(group.name);
        }
    } else {
        compiler.effects().writes_unknown = true;
    }
    const Expr* info = compiler.argument(call, 2);
    note_written_names(compiler, info);
    check_templates(compiler, call, regex, info);
    return compiler.code().make<RegexExtract>(field, pattern, regex, info,
                                              compiler.constant_mode(call));
}

class CsvExtract final : public Op {
  public:
    CsvExtract(const Expr* field, const Expr* names, CsvFormat format, bool restricts, Mode mode)
        : field_(field), names_(names), format_(format), restricts_(restricts), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const auto text = source_text(frame, event, field_);
        if (!text) return flow_of(frame);
        const Value names = name_list(frame, (*names_)(frame));
        if (frame.has_failed || !names.is_list()) return flow_of(frame);
        const Value values = split_csv(*text, format_, frame.arena());
        if (restricts_ && values.list->size != names.list->size) {
            frame.warn();
            return Flow::Go;
        }
        const std::size_t count = std::min(values.list->size, names.list->size);
        for (std::size_t i = 0; i < count; ++i) {
            set_field(frame, event, stored_text(names.list->items[i], frame.arena()),
                      values.list->items[i], mode_);
        }
        return flow_of(frame);
    }

  private:
    const Expr* field_;
    const Expr* names_;
    CsvFormat format_;
    bool restricts_;
    Mode mode_;
};

const Op* build_csv(Compiler& compiler, const Node& call) {
    CsvFormat format;
    if (!read_csv_format(compiler, call, format)) return nullptr;
    const Expr* field = compiler.argument(call, 0);
    const Expr* names = compiler.argument(call, 1);
    compiler.reads(field);
    note_written_names(compiler, names);
    compiler.edits(fmt::format("{} sets fields of each log", call.function->name));
    return compiler.code().make<CsvExtract>(field, names, format,
                                            compiler.constant_flag(call, "restrict"),
                                            compiler.constant_mode(call));
}

/// Fields of an argument that is a name or a list of them.
template <class Visit>
void each_source(Frame& frame, Event& event, const Expr* fields, Visit&& visit) {
    const Value names = (*fields)(frame);
    if (frame.has_failed) return;
    const auto one = [&](const Value& name) {
        const auto text = event.find(stored_text(name, frame.arena()), frame.arena());
        text ? visit(*text) : static_cast<void>(frame.warn());
    };
    if (!names.is_list()) return one(names);
    for (const auto& name : *names.list) one(name);
}

/// key, blanks, separator, blanks, then a quoted or a bare value.
class KeyValue final : public Op {
  public:
    struct Settings {
        const Expr* fields;
        const Regex* regex;  ///< group 1 the key, then named q and b
        std::uint32_t quoted;
        std::uint32_t bare;
        std::string_view quote;
        bool unescapes;
        std::string_view prefix;
        std::string_view suffix;
        Mode mode;
    };
    explicit KeyValue(const Settings& settings) : set_(settings) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        each_source(frame, event, set_.fields,
                    [&](std::string_view text) { extract(frame, event, text); });
        return flow_of(frame);
    }

  private:
    void extract(Frame& frame, Event& event, std::string_view text) const {
        auto& runner = *frame.state.regex_runner;
        bool found = true;
        for (std::size_t from = 0; from < text.size();) {
            if (!search(frame, *set_.regex, text, from, found, "e_kv") || !found) return;
            from = set_.regex->match_end(runner);
            const auto key = set_.regex->group(runner, 1).value_or("");
            std::string_view value;
            if (const auto quoted = set_.regex->group(runner, set_.quoted)) {
                value = trimmed(set_.unescapes ? unescape(frame, *quoted) : *quoted);
            } else {
                value = set_.regex->group(runner, set_.bare).value_or("");
            }
            if (!is_extractable_name(key)) continue;
            set_field(frame, event, wrap_name(frame, set_.prefix, key, set_.suffix), value,
                      set_.mode);
            if (frame.has_failed) return;
        }
    }

    std::string_view unescape(Frame& frame, std::string_view text) const {
        if (text.find('\\') == std::string_view::npos) return text;
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\\' && text.substr(i + 1).starts_with(set_.quote)) continue;
            out += text[i];
        }
        return frame.arena().copy(out);
    }

    Settings set_;
};

const Op* build_kv(Compiler& compiler, const Node& call) {
    KeyValue::Settings settings{};
    settings.fields = compiler.argument(call, 0);
    const auto separator = compiler.constant_text(call, "sep");
    const auto quote = compiler.constant_text(call, "quote");
    settings.unescapes = compiler.constant_flag(call, "escape");
    settings.prefix = compiler.constant_text(call, "prefix");
    settings.suffix = compiler.constant_text(call, "suffix");
    settings.mode = compiler.constant_mode(call);
    compiler.reads(settings.fields);
    compiler.effects().writes_unknown = true;
    compiler.edits("e_kv sets fields of each log");
    if (code_points(quote) != 1) {
        compiler.diagnostics().error("T0507", compiler.span_of(call, "quote"),
                                     "quote must be one character");
        return nullptr;
    }
    settings.quote = quote;
    const auto q = regex_escape(quote);
    const auto quoted = settings.unescapes ? fmt::format(R"({0}(?P<q>(?:[^{0}\\]|\\.)*+){0})", q)
                                           : fmt::format(R"({0}(?P<q>[^{0}]*+){0})", q);
    // A key begins where its run of characters does, so that "1k=v" gives nothing, not k.
    constexpr std::string_view kWord = R"(\w.\-\x{800}-\x{9fa5})";
    const auto pattern =
        fmt::format(R"((?s)(?<![{0}])([{0}]+)\s*(?:{1})\s*(?:{2}|(?P<b>[{0}%~]+)))", kWord,
                    literal_or_regex(separator), quoted);
    settings.regex = compiler.regex(pattern, compiler.span_of(call, "sep"));
    if (settings.regex == nullptr) return nullptr;
    constexpr std::uint32_t kOwnGroups = 3;
    if (settings.regex->group_count() > kOwnGroups) {
        compiler.diagnostics().warning("T0911", compiler.span_of(call, "sep"),
                                       "sep has capturing groups", "write them as (?:...)");
    }
    for (const auto& group : settings.regex->named_groups()) {
        (group.name == "q" ? settings.quoted : settings.bare) = group.number;
    }
    return compiler.code().make<KeyValue>(settings);
}

class KeyValueDelimited final : public Op {
  public:
    struct Settings {
        const Expr* fields;
        const Regex* pairs;
        const Regex* parts;
        std::string_view prefix;
        std::string_view suffix;
        Mode mode;
    };
    explicit KeyValueDelimited(const Settings& settings) : set_(settings) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        each_source(frame, event, set_.fields,
                    [&](std::string_view text) { extract(frame, event, text); });
        return flow_of(frame);
    }

  private:
    void extract(Frame& frame, Event& event, std::string_view text) const {
        auto& runner = *frame.state.regex_runner;
        std::size_t begin = 0;
        for (std::size_t from = 0; from <= text.size() && !frame.has_failed;) {
            bool found = false;
            if (!search(frame, *set_.pairs, text, from, found, "e_kv_delimit")) return;
            if (!found) break;
            const auto match_begin = set_.pairs->match_begin(runner);
            const auto match_end = set_.pairs->match_end(runner);
            if (match_end == match_begin) {  // an empty match separates nothing
                from = match_end;
                if (from >= text.size()) break;
                (void)next_code_point(text, from);
                continue;
            }
            one(frame, event, text.substr(begin, match_begin - begin));
            begin = from = match_end;
        }
        one(frame, event, text.substr(begin));
    }

    void one(Frame& frame, Event& event, std::string_view part) const {
        bool found = false;
        if (!search(frame, *set_.parts, part, 0, found, "e_kv_delimit") || !found) return;
        auto& runner = *frame.state.regex_runner;
        const auto key = trimmed(part.substr(0, set_.parts->match_begin(runner)));
        const auto value = part.substr(set_.parts->match_end(runner));
        if (!is_extractable_name(key)) return;
        set_field(frame, event, wrap_name(frame, set_.prefix, key, set_.suffix), value, set_.mode);
    }

    Settings set_;
};

const Op* build_kv_delimit(Compiler& compiler, const Node& call) {
    KeyValueDelimited::Settings settings{};
    settings.fields = compiler.argument(call, 0);
    const auto pair = literal_or_regex(compiler.constant_text(call, "pair_sep"));
    const auto part = literal_or_regex(compiler.constant_text(call, "kv_sep"));
    settings.prefix = compiler.constant_text(call, "prefix");
    settings.suffix = compiler.constant_text(call, "suffix");
    settings.mode = compiler.constant_mode(call);
    compiler.reads(settings.fields);
    compiler.effects().writes_unknown = true;
    compiler.edits("e_kv_delimit sets fields of each log");
    settings.pairs = compiler.regex(pair, compiler.span_of(call, "pair_sep"));
    settings.parts = compiler.regex(part, compiler.span_of(call, "kv_sep"));
    if (settings.pairs == nullptr || settings.parts == nullptr) return nullptr;
    return compiler.code().make<KeyValueDelimited>(settings);
}

class AnchorExtract final : public Op {
  public:
    AnchorExtract(const Expr* field, const Regex* regex, const Expr* names, bool restricts,
                  Mode mode)
        : field_(field), regex_(regex), names_(names), restricts_(restricts), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const auto text = source_text(frame, event, field_);
        if (!text) return flow_of(frame);
        const Value names = name_list(frame, (*names_)(frame));
        if (frame.has_failed || !names.is_list()) return flow_of(frame);
        bool found = false;
        if (!search(frame, *regex_, *text, 0, found, "e_anchor")) return Flow::Ended;
        const bool fits = !restricts_ || names.list->size == regex_->group_count();
        if (!found || !fits) {
            frame.warn();
            return Flow::Go;
        }
        const std::size_t count = std::min<std::size_t>(names.list->size, regex_->group_count());
        for (std::size_t i = 0; i < count; ++i) {
            const auto name = stored_text(names.list->items[i], frame.arena());
            const auto value =
                regex_->group(*frame.state.regex_runner, static_cast<std::uint32_t>(i + 1));
            if (name != "*" && value) set_field(frame, event, name, *value, mode_);
        }
        return flow_of(frame);
    }

  private:
    const Expr* field_;
    const Regex* regex_;
    const Expr* names_;
    bool restricts_;
    Mode mode_;
};

const Op* build_anchor(Compiler& compiler, const Node& call) {
    const auto rules = compiler.constant_text(call, "anchor_rules");
    std::string pattern = "(?s)";
    for (std::size_t at = 0; at <= rules.size();) {
        const auto star = std::min(rules.find('*', at), rules.size());
        pattern += regex_escape(rules.substr(at, star - at));
        if (star == rules.size()) break;
        // The shortest text up to the next anchor; all of the rest where none follows.
        pattern += star + 1 == rules.size() ? "(.*)" : "(.*?)";
        at = star + 1;
    }
    const Expr* field = compiler.argument(call, 0);
    const Expr* names = compiler.named(call, "fields");
    compiler.reads(field);
    note_written_names(compiler, names);
    compiler.edits("e_anchor sets fields of each log");
    const Regex* regex = compiler.regex(pattern, compiler.span_of(call, "anchor_rules"));
    if (regex == nullptr) return nullptr;
    return compiler.code().make<AnchorExtract>(field, regex, names,
                                               compiler.constant_flag(call, "restrict"),
                                               compiler.constant_mode(call));
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"e_regex(field:f, regex:r, fields_info=null, mode:m=\"fill-auto\")",
     kCore,
     "Sets fields from a regular expression: named groups always; fields_info text gets the first "
     "match, a list the groups (or the matches), a dict expands templates for every match.",
     {R"j(e_regex("m", r"(?P<verb>\w+) (\S+)", ["", "path"]))j", R"({"m": "GET /a"})",
      R"({"m": "GET /a", "verb": "GET", "path": "/a"})"},
     nullptr,
     nullptr,
     build_regex},
    {"e_csv(field:f, fields:l, sep:t=\",\", quote:t='\"', lstrip=True, restrict=False, "
     "mode:m=\"fill-auto\")",
     kCore,
     "Sets fields from comma-separated values.",
     {R"(e_csv("row", "a,b"))", R"({"row": "1, 2"})", R"({"row": "1, 2", "a": "1", "b": "2"})"},
     nullptr,
     nullptr,
     build_csv},
    {"e_psv(field:f, fields:l, sep:t=\"|\", quote:t='\"', lstrip=True, restrict=False, "
     "mode:m=\"fill-auto\")",
     kCore,
     "The same with | between.",
     {R"(e_psv("row", "a,b"))", R"({"row": "1|2"})", R"({"row": "1|2", "a": "1", "b": "2"})"},
     nullptr,
     nullptr,
     build_csv},
    {"e_tsv(field:f, fields:l, sep:t=\"\t\", quote:t='\"', lstrip=True, restrict=False, "
     "mode:m=\"fill-auto\")",
     kCore,
     "The same with tabs between.",
     {R"(e_tsv("row", "a,b"))", R"({"row": "1\t2"})", R"({"row": "1\t2", "a": "1", "b": "2"})"},
     nullptr,
     nullptr,
     build_csv},
    {"e_kv(field:F, sep:t=\"=\", quote:t='\"', escape=False, prefix:t=\"\", suffix:t=\"\", "
     "mode:m=\"fill-auto\")",
     kCore,
     "Sets a field for each key=value in the text; values may be quoted.",
     {R"(e_kv("q"))", R"({"q": "a=1&b=x"})", R"({"q": "a=1&b=x", "a": "1", "b": "x"})"},
     nullptr,
     nullptr,
     build_kv},
    {"e_kv_delimit(field:F, pair_sep:t=\"\\s\", kv_sep:t=\"=\", prefix:t=\"\", suffix:t=\"\", "
     "mode:m=\"fill-auto\")",
     kCore,
     "Splits the text into pairs, and each pair into key and value.",
     {R"(e_kv_delimit("q", pair_sep="|"))", R"({"q": "a=1|b=2"})",
      R"({"q": "a=1|b=2", "a": "1", "b": "2"})"},
     nullptr,
     nullptr,
     build_kv_delimit},
    {"e_anchor(field:f, anchor_rules:t, fields:l, restrict=False, mode:m=\"overwrite\")",
     kMore,
     "Sets fields from what lies between fixed texts: * stands for a value.",
     {R"(e_anchor("m", "id=*, ip=*", "id,ip"))", R"({"m": "id=7, ip=::1"})",
      R"({"m": "id=7, ip=::1", "id": "7", "ip": "::1"})"},
     nullptr,
     nullptr,
     build_anchor},
};

}  // namespace

std::span<const FunctionEntry> extract_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
