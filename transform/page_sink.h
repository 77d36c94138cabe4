// Builds the LogGroups that come out of one LogGroup. What the rule left alone keeps its bytes and
// its place: the source group is walked field by field, logs go to a builder per (target, topic,
// source, tags), everything else is passed on to the builders that still have it. Neighbouring
// bytes of the source group are copied in one piece, and not at all where a whole group stays as it
// is and the caller has the page. One owner at a time; used again from page to page.
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
    /// With `sparing`, groups that stay as they are come without bytes: OutputGroup::copies_source.
    void begin_page(WallTime now, bool sparing, PageResult& result);
    /// Takes the memory of a result that is done with.
    void recycle(PageResult result);
    PageResult& result() { return *result_; }

    void begin_group(std::string_view group, std::uint32_t index, const GroupSource& fields);
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
        OutputGroup out;  ///< its bytes are as long as there is room
        std::size_t likely_bytes = 0;
        std::size_t used = 0;     ///< how many are written; behind them comes ...
        std::string_view run{};   ///< ... this of the source group, once something else follows
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
    static std::size_t size_of(const Builder& builder) { return builder.used + builder.run.size(); }
    void keep_spare(std::string bytes);
    std::string spare_bytes(std::size_t wanted);
    char* make_room(Builder& builder, std::size_t bytes);
    void end_run(Builder& builder);
    void copy_source(Builder& builder, std::string_view bytes);
    void seal(Builder& builder);
    static bool retains(const Builder& builder, const WireField& field);
    void add_new_fields(Builder& builder) const;

    WallTime now_{};
    bool sparing_ = false;
    PageResult* result_ = nullptr;
    const GroupSource* group_source_ = nullptr;
    std::string_view group_;
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
    std::vector<std::string> spares_;
    std::size_t spared_ = 0;      // bytes they hold
    std::size_t last_bytes_ = 0;  // of the last group that went to the default target
};

}  // namespace spillway::transform
