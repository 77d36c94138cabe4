// What things are called in the Logstore world. Values; any thread.
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace spillway {

using RegionName = StrongString<struct RegionNameTag>;
using ProjectName = StrongString<struct ProjectNameTag>;
using LogstoreName = StrongString<struct LogstoreNameTag>;
using ConfigName = StrongString<struct ConfigNameTag>;
using MachineGroupName = StrongString<struct MachineGroupNameTag>;
using ConsumerGroupName = StrongString<struct ConsumerGroupNameTag>;
using ConsumerName = StrongString<struct ConsumerNameTag>;
using ShardId = StrongNumber<struct ShardIdTag, std::uint32_t>;

struct LogstoreRef {
    ProjectName project;
    LogstoreName logstore;
    auto operator<=>(const LogstoreRef&) const = default;
    std::string to_string() const { return project.str() + "/" + logstore.str(); }
};

/// Where a read may begin. Opaque to clients but for one thing every official SDK relies on: it is
/// the base64 of a decimal integer, and the same position is always the same text.
class Cursor {
  public:
    Cursor() = default;
    explicit Cursor(std::string text) : text_(std::move(text)) {}
    static Cursor from_position(std::int64_t position);

    const std::string& str() const { return text_; }
    bool empty() const { return text_.empty(); }
    /// Nothing when the text is not base64 of a decimal integer.
    std::optional<std::int64_t> position() const;
    bool operator==(const Cursor&) const = default;

  private:
    std::string text_;
};

/// Which shard a write goes to: 32 hex digits in the MD5 space, compared without case.
using RouteKey = StrongString<struct RouteKeyTag>;
/// Of an idempotent write: accepted only when greater than the last one of its route key; from 1.
using SequenceId = StrongNumber<struct SequenceIdTag, std::uint64_t>;

/// Errors of each: InvalidArgument, naming the rule that was broken.
Status check_project_name(
    const ProjectName& name);  ///< 3-63 of a-z 0-9 -, alphanumeric at both ends
Status check_logstore_name(
    const LogstoreName& name);  ///< 2-63 of a-z 0-9 - _, alphanumeric at both ends
Status check_config_name(const ConfigName& name);  ///< 2-128 of a-z 0-9 - _ (upper case accepted)

}  // namespace spillway
