// Reading, setting, dropping, keeping and renaming fields.
#include "transform/compiler.h"
#include "transform/name_matcher.h"
#include "transform/registry.h"
#include "transform/set_field.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value eval_field(const Expr& self, Frame& frame) {
    const auto value = frame.event->find(self.text, frame.arena());
    return value ? Value::of(*value) : self.constant;
}

Value eval_fields(const Expr& self, Frame& frame) {
    for (std::size_t i = 0; i + 1 < self.arguments.size(); ++i) {
        const Value name = (*self.arguments[i])(frame);
        if (frame.has_failed) return Value::null();
        const auto key = stored_text(name, frame.arena());
        if (const auto value = frame.event->find(key, frame.arena())) return Value::of(*value);
    }
    return (*self.arguments.back())(frame);
}

const Expr* build_v(Compiler& compiler, const Node& call) {
    auto names = compiler.positional(call);
    const Expr* fallback = compiler.keyword(call, "default");
    for (const auto* name : names) compiler.reads(name);
    const bool single = names.size() == 1 && names[0]->is_constant &&
                        names[0]->constant.is_text() && fallback->is_constant;
    Expr& expr = compiler.new_expr(call, single ? eval_field : eval_fields);
    expr.is_pure = false;
    if (single) {
        expr.text = names[0]->constant.text();
        expr.constant = fallback->constant;
        return &expr;
    }
    expr.arguments = std::move(names);
    expr.arguments.push_back(fallback);
    return &expr;
}

class Set final : public Op {
  public:
    struct Pair {
        const Expr* key;
        const Expr* value;
    };
    Set(std::vector<Pair> pairs, Mode mode) : pairs_(std::move(pairs)), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        for (const auto& pair : pairs_) {
            const Value key = (*pair.key)(frame);
            const Value value = (*pair.value)(frame);
            if (frame.has_failed) return Flow::Ended;
            if (key.is_null()) {
                frame.warn();
                continue;
            }
            set_field(frame, event, stored_text(key, frame.arena()), value, mode_);
        }
        return frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    std::vector<Pair> pairs_;
    Mode mode_;
};

const Op* build_set(Compiler& compiler, const Node& call) {
    std::vector<Set::Pair> pairs;
    const auto arguments = compiler.positional(call);
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
        compiler.writes(arguments[i], "e_set");
        pairs.push_back({arguments[i], arguments[i + 1]});
    }
    return compiler.code().make<Set>(std::move(pairs), compiler.constant_mode(call));
}

class DropFields final : public Op {
  public:
    DropFields(NameMatcher names, bool keeps) : names_(std::move(names)), keeps_(keeps) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        event.remove_if(frame.arena(), [&](std::string_view name) {
            return names_.find(frame, name).has_value() != keeps_;
        });
        return frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    NameMatcher names_;
    bool keeps_;
};

/// Only names as they are, and none of topic, source, tags or time: no need to look at each field.
class DropNamed final : public Op {
  public:
    explicit DropNamed(std::vector<std::string_view> names) : names_(std::move(names)) {}

    Flow run(Frame&, Event& event, const Rest*) const override {
        for (const auto name : names_) event.remove(name);
        return Flow::Go;
    }

  private:
    std::vector<std::string_view> names_;
};

bool is_plain(std::string_view name) {
    return name.find_first_of("\\.[](){}*+?^$|#") == std::string_view::npos;
}

const Op* build_drop_fields(Compiler& compiler, const Node& call) {
    const bool is_regex = compiler.constant_flag(call, "regex");
    std::vector<std::string_view> plain;
    for (const auto* name : compiler.positional(call)) {
        const bool constant = name->is_constant && name->constant.is_text();
        if (constant && (!is_regex || is_plain(name->constant.text()))) {
            plain.push_back(name->constant.text());
            compiler.reads(name);
            compiler.writes(name, "e_drop_fields");
        }
    }
    compiler.edits("e_drop_fields removes fields of each log");
    if (plain.size() == compiler.positional_count(call)) {
        return compiler.code().make<DropNamed>(std::move(plain));
    }
    compiler.effects().writes_unknown = true;
    return compiler.code().make<DropFields>(NameMatcher::build(compiler, call, 0, 1), false);
}

const Op* build_keep_fields(Compiler& compiler, const Node& call) {
    compiler.edits("e_keep_fields removes fields of each log");
    compiler.effects().writes_unknown = true;
    compiler.effects().reads_unknown = true;
    return compiler.code().make<DropFields>(NameMatcher::build(compiler, call, 0, 1), true);
}

/// Looks at the names as they were before the step: a chain a -> b, b -> c moves each field once.
class Rename final : public Op {
  public:
    Rename(NameMatcher from, std::vector<const Expr*> to)
        : from_(std::move(from)), to_(std::move(to)) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        struct Move {
            std::string_view from;
            std::string_view to;
            std::string_view value;
        };
        constexpr std::size_t kInline = 8;
        Move inline_moves[kInline];
        std::vector<Move> more;
        std::size_t count = 0;
        event.for_each(frame.arena(), [&](std::string_view key, std::string_view value) {
            const auto match = frame.has_failed ? std::nullopt : from_.find(frame, key);
            if (!match) return;
            const Value to = (*to_[*match])(frame);
            if (frame.has_failed || to.is_null()) return;
            const Move move{key, stored_text(to, frame.arena()), value};
            if (move.to.empty()) return;  // as e_set, which sets no field without a name
            if (count < kInline) {
                inline_moves[count++] = move;
            } else {
                more.push_back(move);
            }
        });
        if (frame.has_failed) return Flow::Ended;
        if (count == 1) {
            event.rename(inline_moves[0].from, inline_moves[0].to, frame.arena());
            return Flow::Go;
        }
        for (std::size_t i = 0; i < count; ++i) event.remove(inline_moves[i].from);
        for (const auto& move : more) event.remove(move.from);
        for (std::size_t i = 0; i < count; ++i)
            put(frame, event, inline_moves[i].to, inline_moves[i].value);
        for (const auto& move : more) put(frame, event, move.to, move.value);
        return frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    static void put(Frame& frame, Event& event, std::string_view to, std::string_view value) {
        set_field(frame, event, to, value, Mode::Overwrite);
    }

    NameMatcher from_;
    std::vector<const Expr*> to_;
};

/// One plain content name to another: in place.
class RenameNamed final : public Op {
  public:
    RenameNamed(std::string_view from, std::string_view to) : from_(from), to_(to) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        event.rename(from_, to_, frame.arena());
        return Flow::Go;
    }

  private:
    std::string_view from_;
    std::string_view to_;
};

const Op* build_rename(Compiler& compiler, const Node& call) {
    const auto arguments = compiler.positional(call);
    std::vector<const Expr*> to;
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        compiler.writes(arguments[i], "e_rename");
        compiler.writes(arguments[i - 1], "e_rename");
        to.push_back(arguments[i]);
    }
    compiler.edits("e_rename renames fields of each log");
    const bool is_regex = compiler.constant_flag(call, "regex");
    const Expr* first = arguments[0];
    const bool named = arguments.size() == 2 && first->is_constant && first->constant.is_text() &&
                       (!is_regex || is_plain(first->constant.text())) && to[0]->is_constant &&
                       to[0]->constant.is_text() && to[0]->constant.size != 0 &&
                       place_of(first->constant.text()) == Place::Content &&
                       place_of(to[0]->constant.text()) == Place::Content;
    if (named) {
        compiler.reads(first);
        return compiler.code().make<RenameNamed>(first->constant.text(), to[0]->constant.text());
    }
    return compiler.code().make<Rename>(NameMatcher::build(compiler, call, 0, 2), std::move(to));
}

class PackFields final : public Op {
  public:
    PackFields(const Expr* output, const Regex* include, const Regex* exclude, bool drops)
        : output_(output), include_(include), exclude_(exclude), drops_(drops) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        DictBuilder packed(frame.arena());
        std::vector<std::string_view> names;
        event.for_each(frame.arena(), [&](std::string_view key, std::string_view value) {
            if (place_of(key) != Place::Content || !is_meant(frame, key)) return;
            packed.set(Value::of(key), Value::of(value));
            names.push_back(key);
        });
        const Value output = (*output_)(frame);
        if (frame.has_failed) return Flow::Ended;
        const auto text = stored_text(packed.done(), frame.arena());
        if (drops_) {
            for (const auto name : names) event.remove(name);
        }
        set_field(frame, event, stored_text(output, frame.arena()), text, Mode::Overwrite);
        return frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    bool is_meant(Frame& frame, std::string_view key) const {
        auto& runner = *frame.state.regex_runner;
        if (include_->full_match(runner, key) != MatchResult::Match) return false;
        return exclude_ == nullptr || exclude_->full_match(runner, key) != MatchResult::Match;
    }

    const Expr* output_;
    const Regex* include_;
    const Regex* exclude_;
    bool drops_;
};

const Op* build_pack(Compiler& compiler, const Node& call) {
    const Expr* output = compiler.argument(call, 0);
    const auto include = compiler.constant_text(call, "include");
    const auto exclude = compiler.constant_text(call, "exclude");
    compiler.effects().reads_unknown = true;
    compiler.effects().writes_unknown = true;
    compiler.edits("e_pack_fields moves fields of each log");
    const Regex* included = compiler.regex(include, compiler.span_of(call, "include"));
    const Regex* excluded =
        exclude.empty() ? nullptr : compiler.regex(exclude, compiler.span_of(call, "exclude"));
    if (included == nullptr) return nullptr;
    return compiler.code().make<PackFields>(output, included, excluded,
                                            compiler.constant_flag(call, "drop_packed"));
}

constexpr FunctionEntry kFunctions[] = {
    {"v(field:f, ..., default=null)",
     FunctionTier::Core,
     "The value of the first of these fields that exists (an empty one does), else the default.",
     {R"(v("a", "b", default="-"))", R"({"b": "2"})", "2"},
     nullptr,
     build_v},
    {"e_set(key, value, ...2, mode:m=\"overwrite\")",
     FunctionTier::Core,
     "Sets fields; null changes nothing. Later pairs see earlier ones.",
     {R"(e_set("sum", op_sum(v("a"), 1)))", R"({"a": "2"})", R"({"a": "2", "sum": "3"})"},
     nullptr,
     nullptr,
     build_set},
    {"e_drop_fields(field:r, ..., regex=True)",
     FunctionTier::Core,
     "Drops the fields whose whole name matches any of the patterns.",
     {R"(e_drop_fields("tmp_.*"))", R"({"tmp_a": "1", "b": "2"})", R"({"b": "2"})"},
     nullptr,
     nullptr,
     build_drop_fields},
    {"e_keep_fields(field:r, ..., regex=True)",
     FunctionTier::Core,
     "Keeps only the fields whose whole name matches; time, topic, source and tags go too unless "
     "F_TIME and F_META are listed.",
     {R"(e_keep_fields("a", F_TIME, F_META))", R"({"a": "1", "b": "2", "__topic__": "t"})",
      R"({"a": "1", "__topic__": "t"})"},
     nullptr,
     nullptr,
     build_keep_fields},
    {"e_rename(field:r, name, ...2, regex=True)",
     FunctionTier::Core,
     "Renames fields whose whole name matches; what had the new name is replaced.",
     {R"(e_rename("ip", "client_ip"))", R"({"ip": "10.0.0.1"})", R"({"client_ip": "10.0.0.1"})"},
     nullptr,
     nullptr,
     build_rename},
    {"e_pack_fields(output_field:f, include:t=\".*\", exclude:t=null, drop_packed=True)",
     FunctionTier::More,
     "Packs the matching fields of the log into one field, as a JSON object.",
     {R"(e_pack_fields("all", include="a.*"))", R"({"a1": "1", "a2": "2", "b": "3"})",
      R"j({"b": "3", "all": "{\"a1\": \"1\", \"a2\": \"2\"}"})j"},
     nullptr,
     nullptr,
     build_pack},
};

}  // namespace

std::span<const FunctionEntry> field_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
