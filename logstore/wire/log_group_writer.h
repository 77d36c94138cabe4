// Writing LogGroup bytes (proto2 wire format). A writer owns one growing buffer; one owner at a
// time.
#pragma once

#include "logstore/model/log_group.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::wire {

/// Encodes one LogGroup log by log. Fields come out in the order of the calls; readers do not mind,
/// and a LogGroup written logs first, then topic, source and tags is what the service's own clients
/// send.
class LogGroupWriter {
  public:
    /// Makes room for a group of about that size.
    void reserve(std::size_t bytes) { out_.reserve(bytes); }

    /// Between begin_log and end_log: the log's contents in order, and nothing else.
    void begin_log(std::uint32_t time, std::optional<std::uint32_t> time_ns = std::nullopt);
    void content(std::string_view key, std::string_view value);
    /// A content as it stands, with its tag: ContentView::frame.
    void append_content(std::string_view frame) { out_ += frame; }
    void end_log();
    /// A whole Log message as it stands.
    void append_log(std::string_view body);

    void topic(std::string_view topic);    ///< an empty one is left out
    void source(std::string_view source);  ///< an empty one is left out
    void tag(std::string_view key, std::string_view value);

    std::uint32_t log_count() const { return log_count_; }
    std::size_t size() const { return out_.size(); }
    /// The LogGroup message; the writer is empty again.
    std::string take();

  private:
    std::string out_;
    std::size_t log_at_ = 0;  // where the frame of the open log goes
    std::optional<std::uint32_t> log_time_ns_;
    std::uint32_t log_count_ = 0;
    std::size_t last_bytes_ = 0;  // of the group before: the next one is likely to be as large
};

std::string encode(const LogGroup& group);

/// Bytes of one more tag, to be appended to an encoded LogGroup: field order does not matter.
std::string encode_tag(std::string_view key, std::string_view value);

/// Frame of one group inside a LogGroupList: 0x0A and the length. Append the group after it.
void append_group_frame(std::string& out, std::size_t group_bytes);

void append_varint(std::string& out, std::uint64_t value);

}  // namespace spillway::wire
