// What runs: expressions (a value out of an event) and operations (edit, end or fan out an event).
// Compiled once, run on many threads; everything that changes lies in the Frame and its Scratch.
//
// Fan-out is depth first: an operation that makes several events out of one runs the rest of the
// rule for each of them itself. The rest is a chain of (operation, place to resume at) on the
// stack.
#pragma once

#include "transform/arena.h"
#include "transform/diagnostics.h"
#include "transform/event.h"
#include "transform/value.h"

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spillway::transform {

class Regex;
class RegexRunner;

/// Bounds of the work one log may cause; beyond them it is that log's error.
inline constexpr std::size_t kEventMemoryMax = 64 * 1024 * 1024;
inline constexpr std::size_t kTextBytesMax = 16 * 1024 * 1024;
inline constexpr std::uint32_t kPartsMax = 20'000;

/// Where an emitted event goes. Empty views: nothing changed.
struct Destination {
    std::string_view target;
    std::string_view hash_key;
};

/// Receives finished events.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void emit(const Event& event, const Destination& to) = 0;
    /// A place to come back to when an event fails: what was emitted since is taken back.
    virtual std::size_t mark() = 0;
    virtual void roll_back(std::size_t mark) = 0;
    /// One part of a log failed while others went on.
    virtual void part_failed(std::string_view reason) = 0;
};

/// Reused from event to event and page to page; one per thread.
struct RunState {
    RunState();
    ~RunState();

    Arena arena;
    std::unique_ptr<RegexRunner> regex_runner;
    Event event;
    std::vector<std::unique_ptr<Event>> spare_events;
    /// Regexes whose pattern is made at run time. Null: the pattern is wrong.
    std::unordered_map<std::string, std::unique_ptr<Regex>> regexes;
};

struct Frame {
    RunState& state;
    Event* event;
    EventSink& sink;
    WallTime now;
    std::uint64_t seed = 0;  ///< of this log: for what must look random and be repeatable
    std::uint32_t warnings = 0;
    std::uint32_t parts = 0;
    std::uint64_t uuid_count = 0;
    std::size_t sent = 0;  ///< the sink's mark behind the last copy: copies outlive a failure
    bool has_failed = false;
    std::string_view failure{};

    Arena& arena() { return state.arena; }
    /// The event's error: it is dropped and reported. The first reason stays.
    Value fail(std::string_view reason) {
        if (!has_failed) failure = arena().copy(reason);
        has_failed = true;
        return Value::null();
    }
    Value warn() {
        ++warnings;
        return Value::null();
    }
    std::unique_ptr<Event> borrow_event();
    void give_back(std::unique_ptr<Event> event);
};

// ---- Expressions ----

struct Expr;
using EvalFn = Value (*)(const Expr& self, Frame& frame);
/// Of a function whose arguments are all evaluated first: fixed parameters in order (absent ones
/// with their default), then the rest, keyword-only ones last.
using StrictFn = Value (*)(Frame& frame, const Expr& self, const Value* arguments,
                           std::size_t count);

struct Expr {
    EvalFn eval = nullptr;
    Value constant;
    StrictFn strict = nullptr;
    std::vector<const Expr*> arguments;
    std::vector<const void*> prepared;  ///< beside arguments: Regex, JMESPath, zone... or null
    const void* data = nullptr;         ///< what a specialised function made at compile time
    std::string_view text;              ///< a constant field name
    std::int64_t number = 0;
    std::string_view name;  ///< of the function, for messages
    Span span;
    bool is_constant = false;
    bool is_pure = true;  ///< depends on its arguments alone

    Value operator()(Frame& frame) const { return eval(*this, frame); }
};

// ---- Operations ----

enum class Flow {
    Go,    ///< the event goes on to the next operation
    Ended  ///< it was dropped, sent, failed, or its parts have run all the rest themselves
};

class Op;

/// What is still to do after an operation: resume `op` at `place`, then the parent.
struct Rest {
    const Op* op = nullptr;
    std::size_t place = 0;
    const Rest* parent = nullptr;
};

class Op {
  public:
    Op() = default;
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;
    virtual ~Op() = default;

    virtual Flow run(Frame& frame, Event& event, const Rest* rest) const = 0;
    /// Composite operations only: go on behind the `place`-th part.
    virtual Flow resume(Frame& frame, Event& event, std::size_t place, const Rest* rest) const {
        (void)frame, (void)event, (void)place, (void)rest;
        return Flow::Go;
    }
};

/// Runs the rest of the rule for a part of the event, then sends it to the default target. Failures
/// of the part are its own.
void run_rest(Frame& frame, Event& part, const Rest* rest);

/// One after the other: a rule, and e_compose.
class Sequence final : public Op {
  public:
    explicit Sequence(std::vector<const Op*> parts) : parts_(std::move(parts)) {}
    Flow run(Frame& frame, Event& event, const Rest* rest) const override {
        return resume(frame, event, 0, rest);
    }
    Flow resume(Frame& frame, Event& event, std::size_t place, const Rest* rest) const override;

  private:
    std::vector<const Op*> parts_;
};

/// Owns all that a compiled rule points to.
struct Code {
    Code();
    ~Code();

    Arena arena;
    std::deque<Expr> expressions;
    std::vector<std::unique_ptr<Op>> operations;
    std::vector<std::unique_ptr<Regex>> regexes;
    /// Anything else: type-erased owners.
    std::vector<std::shared_ptr<const void>> things;

    template <class T>
    const T* keep(T thing) {
        auto owned = std::make_shared<const T>(std::move(thing));
        const T* raw = owned.get();
        things.push_back(std::move(owned));
        return raw;
    }
    template <class T, class... Args>
    const Op* make(Args&&... args) {
        operations.push_back(std::make_unique<T>(std::forward<Args>(args)...));
        return operations.back().get();
    }
};

}  // namespace spillway::transform
