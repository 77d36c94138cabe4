// Logs of a stored LogGroup as transform's events: what filters and SPL look at. One owner at a
// time; reused from group to group without allocating.
#pragma once

#include "transform/runtime.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::server {

class LogFrames {
  public:
    LogFrames();

    /// Reads topic, source and tags; `group` must stay until the next group is opened.
    /// Errors: Corrupt.
    Status open_group(std::string_view group);
    /// The log as an event; valid until the next call. `log_body` is a Log of the open group.
    transform::Frame& frame_of(std::string_view log_body);

  private:
    class Nowhere final : public transform::EventSink {
        void emit(const transform::Event&, const transform::Destination&) override {}
        std::size_t mark() override { return 0; }
        void roll_back(std::size_t) override {}
        void part_failed(std::string_view) override {}
    };

    Nowhere sink_;
    transform::RunState state_;
    transform::GroupFields fields_;
    std::vector<std::string> tag_keys_;
    std::optional<transform::Frame> frame_;
};

}  // namespace spillway::server
