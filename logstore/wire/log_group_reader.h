// Zero-copy reading of LogGroup and LogGroupList bytes (proto2 wire format; sls_logs.proto). Views point
// into the caller's bytes and live as long as they do. Nothing is allocated per log. Any thread.
// Unknown fields of wire types 0, 1, 2 and 5 are skipped, as the service's own fast readers do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "logstore/model/log_group.h"

namespace spillway::wire {

struct ContentView {
    std::string_view key;
    std::string_view value;
};

/// One Log inside its LogGroup.
class LogView {
  public:
    explicit LogView(std::string_view body) : body_(body) {}
    std::string_view body() const { return body_; }  ///< the Log message without its frame

    std::uint32_t time() const;
    std::optional<std::uint32_t> time_ns() const;
    /// Calls `visit` for each content in order until it returns false.
    /// Errors: Corrupt when the bytes are not a Log.
    Status for_each_content(const std::function<bool(const ContentView&)>& visit) const;
    /// The first content of that key.
    std::optional<std::string_view> find(std::string_view key) const;

  private:
    std::string_view body_;
};

/// One LogGroup.
class LogGroupView {
  public:
    /// Walks the frames once (not inside the logs). Errors: Corrupt, with the byte offset.
    static Result<LogGroupView> parse(std::string_view bytes);

    std::string_view bytes() const { return bytes_; }  ///< the LogGroup message without its frame
    std::uint32_t log_count() const { return log_count_; }
    std::string_view topic() const { return topic_; }
    std::string_view source() const { return source_; }
    void for_each_log(const std::function<bool(LogView)>& visit) const;
    void for_each_tag(const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
    std::optional<std::string_view> find_tag(std::string_view key) const;
    /// Checks the inside of every log and tag too: what a server does before it says 200. Required fields
    /// (Time; Key and Value of contents and tags) must be there. Errors: Corrupt.
    Status validate() const;
    /// A copy in owned form. Errors: Corrupt.
    Result<LogGroup> to_owned() const;

  private:
    std::string_view bytes_;
    std::string_view topic_;
    std::string_view source_;
    std::uint32_t log_count_ = 0;
};

/// Calls `visit` for each LogGroup's bytes in a LogGroupList until it returns false. Errors: Corrupt.
Status for_each_group(std::string_view log_group_list,
                      const std::function<bool(std::string_view group)>& visit);

}  // namespace spillway::wire
