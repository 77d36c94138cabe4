// Flow control and what ends, sends or multiplies events.
#include "transform/compiler.h"
#include "transform/csv.h"
#include "transform/jmespath.h"
#include "transform/json.h"
#include "transform/registry.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

struct Branch {
    const Expr* condition;
    const Op* op;
};

std::vector<Branch> branches(Compiler& compiler, const Node& call) {
    std::vector<Branch> made;
    for (std::size_t i = 0; i + 1 < compiler.positional_count(call); i += 2) {
        const Expr* condition = compiler.expression(*call.bound[i]);
        const Op* op = compiler.operation(*call.bound[i + 1]);
        if (op != nullptr) made.push_back({condition, op});
    }
    return made;
}

class If final : public Op {
  public:
    explicit If(std::vector<Branch> pairs) : pairs_(std::move(pairs)) {}

    Flow run(Frame& frame, Event& event, const Rest* rest) const override {
        return resume(frame, event, 0, rest);
    }
    Flow resume(Frame& frame, Event& event, std::size_t place, const Rest* rest) const override {
        for (std::size_t i = place; i < pairs_.size(); ++i) {
            const bool yes = is_true((*pairs_[i].condition)(frame));
            if (frame.has_failed) return Flow::Ended;
            if (!yes) continue;
            const Rest after{this, i + 1, rest};
            if (pairs_[i].op->run(frame, event, &after) == Flow::Ended) return Flow::Ended;
        }
        return Flow::Go;
    }

  private:
    std::vector<Branch> pairs_;
};

class Switch final : public Op {
  public:
    Switch(std::vector<Branch> pairs, const Op* otherwise)
        : pairs_(std::move(pairs)), otherwise_(otherwise) {}

    Flow run(Frame& frame, Event& event, const Rest* rest) const override {
        for (const auto& pair : pairs_) {
            const bool yes = is_true((*pair.condition)(frame));
            if (frame.has_failed) return Flow::Ended;
            if (yes) return pair.op->run(frame, event, rest);
        }
        return otherwise_ == nullptr ? Flow::Go : otherwise_->run(frame, event, rest);
    }

  private:
    std::vector<Branch> pairs_;
    const Op* otherwise_;
};

const Op* build_if(Compiler& compiler, const Node& call) {
    return compiler.code().make<If>(branches(compiler, call));
}

const Op* build_if_else(Compiler& compiler, const Node& call) {
    const Expr* condition = compiler.expression(*call.bound[0]);
    const Op* yes = compiler.operation(*call.bound[1]);
    const Op* no = compiler.operation(*call.bound[2]);
    return compiler.code().make<Switch>(std::vector<Branch>{{condition, yes}}, no);
}

const Op* build_switch(Compiler& compiler, const Node& call) {
    auto pairs = branches(compiler, call);
    const Node* otherwise = call.bound.back();
    return compiler.code().make<Switch>(
        std::move(pairs), otherwise == nullptr ? nullptr : compiler.operation(*otherwise));
}

const Op* build_compose(Compiler& compiler, const Node& call) {
    std::vector<const Op*> parts;
    for (std::size_t i = 0; i < compiler.positional_count(call); ++i) {
        if (const Op* op = compiler.operation(*call.bound[i])) parts.push_back(op);
    }
    return compiler.code().make<Sequence>(std::move(parts));
}

/// e_keep ends the event when the condition is false, e_drop when it is true.
class Filter final : public Op {
  public:
    Filter(const Expr* condition, bool ends_when) : condition_(condition), ends_when_(ends_when) {}

    Flow run(Frame& frame, Event&, const Rest*) const override {
        const bool yes = is_true((*condition_)(frame));
        return yes == ends_when_ || frame.has_failed ? Flow::Ended : Flow::Go;
    }

  private:
    const Expr* condition_;
    bool ends_when_;
};

const Op* build_keep(Compiler& compiler, const Node& call) {
    compiler.effects().drops |= call.bound[0] != nullptr;
    return compiler.code().make<Filter>(compiler.argument(call, 0), false);
}

const Op* build_drop(Compiler& compiler, const Node& call) {
    compiler.effects().drops = true;
    return compiler.code().make<Filter>(compiler.argument(call, 0), true);
}

/// Sends the event, or a copy of it, with another topic, source or tags.
class Output final : public Op {
  public:
    struct Arguments {
        const Expr* name;
        const Expr* project;
        const Expr* logstore;
        const Expr* topic;
        const Expr* source;
        const Expr* tags;
        const Expr* hash_key_field;
        const Expr* hash_key;
    };
    Output(const Arguments& arguments, bool copies) : to_(arguments), copies_(copies) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        Destination destination;
        destination.target = target(frame);
        destination.hash_key = hash_key(frame, event);
        const Value topic = (*to_.topic)(frame);
        const Value source = (*to_.source)(frame);
        const Value tags = (*to_.tags)(frame);
        if (frame.has_failed) return Flow::Ended;
        if (topic.is_null() && source.is_null() && tags.is_null()) {
            frame.sink.emit(event, destination);
        } else {
            send_changed(frame, event, destination, topic, source, tags);
        }
        if (!copies_) return Flow::Ended;
        frame.sent = frame.sink.mark();
        return Flow::Go;
    }

  private:
    std::string_view text(Frame& frame, const Expr* argument) const {
        return stored_text((*argument)(frame), frame.arena());
    }

    std::string_view target(Frame& frame) const {
        const auto project = text(frame, to_.project);
        const auto logstore = text(frame, to_.logstore);
        if (project.empty() && logstore.empty()) return text(frame, to_.name);
        return frame.arena().concat(frame.arena().concat(project, "/"), logstore);
    }

    std::string_view hash_key(Frame& frame, Event& event) const {
        const auto field = text(frame, to_.hash_key_field);
        if (field.empty()) return text(frame, to_.hash_key);
        return event.find(field, frame.arena()).value_or("");
    }

    void send_changed(Frame& frame, Event& event, const Destination& destination,
                      const Value& topic, const Value& source, const Value& tags) const {
        auto copy = frame.borrow_event();
        copy->copy_from(event);
        if (!topic.is_null()) copy->set(kTopicField, stored_text(topic, frame.arena()));
        if (!source.is_null()) copy->set(kSourceField, stored_text(source, frame.arena()));
        if (tags.kind == Kind::Dict) {
            for (const auto& entry : *tags.dict) {
                const auto key = stored_text(entry.key, frame.arena());
                const auto name =
                    key.starts_with(kTagPrefix) ? key : frame.arena().concat(kTagPrefix, key);
                if (!entry.value.is_null()) {
                    copy->set(name, stored_text(entry.value, frame.arena()));
                }
            }
        } else if (!tags.is_null()) {
            frame.fail("e_output: tags must be a dict");
        }
        frame.sink.emit(*copy, destination);
        frame.give_back(std::move(copy));
    }

    Arguments to_;
    bool copies_;
};

const Op* build_send(Compiler& compiler, const Node& call, bool copies) {
    Output::Arguments arguments{};
    const Expr** const places[] = {
        &arguments.name,   &arguments.project, &arguments.logstore,       &arguments.topic,
        &arguments.source, &arguments.tags,    &arguments.hash_key_field, &arguments.hash_key};
    for (std::size_t i = 0; i < std::size(places); ++i) *places[i] = compiler.argument(call, i);
    const Expr* tags = arguments.tags;
    if (tags->is_constant && !tags->constant.is_null() && tags->constant.kind != Kind::Dict) {
        compiler.diagnostics().error("T0510", compiler.span_of(call, "tags"),
                                     fmt::format("tags of {} must be a dict", call.function->name),
                                     "tags={\"env\": \"prod\"}");
    }
    auto& effects = compiler.effects();
    effects.sends = true;
    effects.drops |= !copies;
    const Expr* hash_field = arguments.hash_key_field;
    if (!hash_field->is_constant || !hash_field->constant.is_null()) compiler.reads(hash_field);
    if (arguments.name->is_constant && arguments.name->constant.is_text()) {
        effects.targets.emplace(arguments.name->constant.text());
    }
    return compiler.code().make<Output>(arguments, copies);
}

const Op* build_output(Compiler& compiler, const Node& call) {
    return build_send(compiler, call, false);
}
const Op* build_coutput(Compiler& compiler, const Node& call) {
    return build_send(compiler, call, true);
}

class Split final : public Op {
  public:
    Split(const Expr* field, CsvFormat format, const JmesPath* path, const Expr* output)
        : field_(field), format_(format), path_(path), output_(output) {}

    Flow run(Frame& frame, Event& event, const Rest* rest) const override {
        const auto name = stored_text((*field_)(frame), frame.arena());
        if (frame.has_failed) return Flow::Ended;
        const auto text = event.find(name, frame.arena());
        if (!text) {
            frame.warn();
            return Flow::Go;
        }
        const Value output_name = (*output_)(frame);
        const auto to = output_name.is_null() ? name : stored_text(output_name, frame.arena());
        const Value parts = parts_of(frame, *text);
        if (frame.has_failed) return Flow::Ended;
        if (!parts.is_list() || parts.list->size == 0) return Flow::Go;
        for (const auto& part : *parts.list) {
            auto made = frame.borrow_event();
            made->copy_from(event);
            if (made->set(to, stored_text(part, frame.arena()))) {
                run_rest(frame, *made, rest);
            } else {
                frame.fail("e_split: __time__ must be a number");
            }
            frame.give_back(std::move(made));
            if (frame.has_failed) return Flow::Ended;
        }
        return Flow::Ended;
    }

  private:
    Value parts_of(Frame& frame, std::string_view text) const {
        if (path_ == nullptr) {
            if (const auto list = parse_json_list(text, frame.arena())) return *list;
            return split_csv(text, format_, frame.arena());
        }
        const auto json = parse_json_value(text, frame.arena());
        if (!json) return frame.warn();
        const Value found = path_->try_select(*json, frame).value_or(Value::null());
        if (!found.is_text()) return found;
        if (const auto list = parse_json_list(found.text(), frame.arena())) return *list;
        return split_csv(found.text(), format_, frame.arena());
    }

    const Expr* field_;
    CsvFormat format_;
    const JmesPath* path_;
    const Expr* output_;
};

const Op* build_split(Compiler& compiler, const Node& call) {
    CsvFormat format;
    if (!read_csv_format(compiler, call, format)) return nullptr;
    const JmesPath* path = nullptr;
    const auto jmes = compiler.constant_text(call, "jmes");
    if (!jmes.empty()) path = compile_jmes(compiler, jmes, compiler.span_of(call, "jmes"));
    const Expr* field = compiler.argument(call, 0);
    const Expr* output = compiler.named(call, "output");
    compiler.reads(field);
    compiler.writes(output->is_constant && output->constant.is_null() ? field : output, "e_split");
    compiler.effects().splits = true;
    return compiler.code().make<Split>(field, format, path, output);
}

constexpr FunctionEntry kFunctions[] = {
    {"e_if(condition:c, operation:o, ...2)",
     FunctionTier::Core,
     "Runs every operation whose condition is true, in order; an operation that ends the event "
     "stops.",
     {R"(e_if(e_search("level==ERROR"), e_set("page", "1"), True, e_set("seen", "1")))",
      R"({"level": "INFO"})", R"({"level": "INFO", "seen": "1"})"},
     nullptr,
     nullptr,
     build_if},
    {"e_if_else(condition:c, if_true:o, if_false:o)",
     FunctionTier::Core,
     "Runs one of two operations.",
     {R"(e_if_else(e_has("uid"), e_set("who", "known"), e_set("who", "guest")))", R"({"a": "1"})",
      R"({"a": "1", "who": "guest"})"},
     nullptr,
     nullptr,
     build_if_else},
    {"e_switch(condition:c, operation:o, ...2, default:o=null)",
     FunctionTier::Core,
     "Runs the operation of the first true condition, else the default; without one the event goes "
     "on.",
     {R"(e_switch(e_search("n > 9"), e_set("s", "big"), default=e_set("s", "small")))",
      R"({"n": "3"})", R"({"n": "3", "s": "small"})"},
     nullptr,
     nullptr,
     build_switch},
    {"e_compose(operation:o, ...)",
     FunctionTier::Core,
     "Runs operations one after the other, until no event is left.",
     {R"(e_compose(e_set("a", "1"), e_set("b", v("a"))))", "{}", R"({"a": "1", "b": "1"})"},
     nullptr,
     nullptr,
     build_compose},
    {"e_drop(condition:c=True)",
     FunctionTier::Core,
     "Drops the event when the condition is true. DROP alone drops always.",
     {R"(e_drop(e_search("level==DEBUG")))", R"({"level": "DEBUG"})", "[]"},
     nullptr,
     nullptr,
     build_drop},
    {"e_keep(condition:c=True)",
     FunctionTier::Core,
     "Drops the event unless the condition is true. KEEP alone does nothing.",
     {R"(e_keep(v("code") == "200"))", R"({"code": "200"})", R"({"code": "200"})"},
     nullptr,
     nullptr,
     build_keep},
    {"e_split(field:f, sep:t=\",\", quote:t='\"', lstrip=True, jmes:j=null, output:f=null)",
     FunctionTier::Core,
     "Makes one event per element of a JSON array or of a separated list; each runs the rest of "
     "the rule.",
     {R"(e_split("ids"))", R"({"ids": "7, 8"})", R"([{"ids": "7"}, {"ids": "8"}])"},
     nullptr,
     nullptr,
     build_split},
    {"e_output(name:t=null, project:t=null, logstore:t=null, topic=null, source=null, tags:d=null, "
     "hash_key_field:f=null, hash_key:t=null)",
     FunctionTier::Core,
     "Sends the event to a target and ends it. topic, source and tags change only what is sent.",
     {R"(e_output(name="cold", topic="t"))", R"({"m": "x"})",
      R"([["cold", {"m": "x", "__topic__": "t"}]])"},
     nullptr,
     nullptr,
     build_output},
    {"e_coutput(name:t=null, project:t=null, logstore:t=null, topic=null, source=null, "
     "tags:d=null, "
     "hash_key_field:f=null, hash_key:t=null)",
     FunctionTier::Core,
     "Sends a copy of the event to a target; the event itself goes on.",
     {R"(e_coutput("copy"))", R"({"m": "x"})", R"([["copy", {"m": "x"}], {"m": "x"}])"},
     nullptr,
     nullptr,
     build_coutput},
};

}  // namespace

std::span<const FunctionEntry> flow_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
