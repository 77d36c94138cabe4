// The quick way for the steps that rules mostly consist of: drop these fields, give that one
// another name, set constants. Where the names are distinct their order does not matter, so one
// pass over the wire bytes of a log finds every place to cut, and nothing is decoded. Immutable;
// any thread.
#pragma once

#include "transform/ast.h"
#include "transform/runtime.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

/// One cut: bytes [begin, end) of the log give way to `head` and `bytes`.
struct Splice {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t head_bytes = 0;
    std::array<char, 12> head{};
    std::string_view bytes;

    std::size_t size() const { return head_bytes + bytes.size(); }
};

class SplicePlan {
  public:
    /// What cuts have to be made in a Log message, in their order. False when the log is not as
    /// simple as that (a name twice, a field under the new name already, contents in another form):
    /// then the steps have to run one by one. `cuts` is then of no use.
    bool find_cuts(std::string_view body, std::vector<Splice>& cuts) const;

    /// Takes the step in, or says false: the step is of another kind, or touches a name that the
    /// plan knows. Steps come last first; texts are kept in `arena`.
    bool put_in_front(const Node& step, Arena& arena);
    /// After the last step.
    void finish(Arena& arena);
    std::size_t step_count() const { return steps_; }

  private:
    enum class Action : std::uint8_t { Drop, RenameFrom, RenameTo, Set };
    struct Name {
        std::string_view key;
        Action action = Action::Drop;
        std::uint8_t next = 0;   ///< of the same slot, one more than its place; 0: none
        std::string_view bytes;  ///< Set: the content; RenameFrom: the new key as it lies in one
        std::string_view value;  ///< Set
    };
    struct Content {
        const char* begin = nullptr;
        const char* end = nullptr;
        std::string_view key;
        std::string_view value;
    };

    static std::size_t slot_of(std::string_view key);
    const Name* find(std::string_view key, std::uint64_t& bit) const;
    bool cut(const char* body, const Content& content, const Name& name, bool again,
             std::vector<Splice>& cuts) const;
    void append_missing(std::uint32_t end, std::uint64_t seen, std::vector<Splice>& cuts) const;

    bool plan_drop(const Node& step, std::vector<Name>& names) const;
    bool plan_rename(const Node& step, std::vector<Name>& names, Arena& arena) const;
    bool plan_set(const Node& step, std::vector<Name>& names, Arena& arena) const;
    bool are_new(const std::vector<Name>& names) const;

    static constexpr std::size_t kNamesMax = 60;
    std::vector<Name> names_;  // in the order of the steps
    std::array<std::uint8_t, 256> slots_{};
    std::uint64_t sets_ = 0;  // bits of the names that are set
    std::string_view all_sets_;
    std::size_t steps_ = 0;
};

/// The last steps of a rule, by a plan where the log allows it, else one by one.
class SpliceSteps final : public Op {
  public:
    SpliceSteps(SplicePlan plan, std::vector<const Op*> steps)
        : plan_(std::move(plan)), steps_(std::move(steps)) {}
    Flow run(Frame& frame, Event& event, const Rest* rest) const override;

  private:
    SplicePlan plan_;
    Sequence steps_;
};

}  // namespace spillway::transform
