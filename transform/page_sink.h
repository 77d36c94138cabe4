// Builds the LogGroups that come out of one LogGroup. What the rule left alone keeps its bytes and
// its place: the source group is walked field by field, logs go to a builder per (target, topic,
// source, tags), everything else is passed on to the builders that still have it. One owner at a
// time.
#pragma once

#include "transform/runtime.h"
#include "transform/transform.h"
#include "transform/wire_scan.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace spillway::transform {

class PageSink final : public EventSink {
  public:
    explicit PageSink(WallTime now, PageResult& result) : now_(now), result_(result) {}

    void begin_group(std::string_view group, std::uint32_t index, const GroupFields& fields);
    /// The log that is worked on now, with its frame. Forgets the marks of the one before.
    void begin_log(std::string_view frame, std::uint32_t log_index);
    /// True when the log left nothing behind.
    bool is_log_dropped() const { return journal_.empty(); }
    /// A field of the group that is no log.
    void pass(std::string_view frame, const WireField& field);
    /// Moves the finished groups to the result. `had_logs` false: an empty group stays.
    void end_group(bool had_logs);

    void emit(const Event& event, const Destination& to) override;
    std::size_t mark() override { return journal_.size(); }
    void roll_back(std::size_t mark) override;
    void part_failed(std::string_view reason) override;

  private:
    struct Builder {
        OutputGroup out;
        bool same_fields = true;  ///< topic, source and tags are those of the source group
        std::vector<std::pair<std::string, std::string>> fields;
    };
    struct Undo {
        std::size_t builder;
        std::size_t size;
    };
    struct Passed {
        std::string_view frame;
        WireField field;
    };

    std::size_t builder_for(const Event& event, const Destination& to);
    std::size_t make_builder(const Event& event, const Destination& to);
    static bool retains(const Builder& builder, const WireField& field);
    void add_new_fields(Builder& builder) const;

    WallTime now_;
    PageResult& result_;
    const GroupFields* group_fields_ = nullptr;
    std::size_t group_bytes_ = 0;
    std::uint32_t group_index_ = 0;
    std::uint32_t log_index_ = 0;
    std::string_view log_frame_;
    std::vector<Builder> builders_;
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t plain_builder_ = kNone;  ///< default target, nothing changed about the group
    std::unordered_map<std::string, std::size_t> by_key_;
    std::string key_;
    std::vector<Passed> passed_;
    std::vector<Undo> journal_;
};

}  // namespace spillway::transform
