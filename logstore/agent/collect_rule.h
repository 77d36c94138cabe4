// A collector config as this agent understands it: both the pipeline form and the classic form.
// Values; any thread. Source: docs/sources.md#agent-facts
#pragma once

#include "logstore/model/logstore.h"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace spillway::agent {

/// Where a rule's logs go: the region that served the config, its project, the config's Logstore.
struct SendTarget {
    RegionName region;
    LogstoreRef logstore;
    auto operator<=>(const SendTarget&) const = default;
    std::string to_string() const { return region.str() + ":" + logstore.to_string(); }
};

/// "/var/log/**/*.log": `*` and `?` within a name, `**` any folders down to a depth.
struct PathPattern {
    std::string text;
    unsigned depth_max = 0;  ///< folders that `**` may span
    /// Length of the folder part before `**`: what the real agent calls the base path.
    std::size_t base_length() const;
    auto operator<=>(const PathPattern&) const = default;
};

enum class TopicKind { None, Group, Custom, FromPath };

struct TopicRule {
    TopicKind kind = TopicKind::None;
    std::string text;  ///< Custom: the topic; FromPath: a regular expression over the path
    bool operator==(const TopicRule&) const = default;
};

/// What every log of one file carries besides its line.
struct Delivery {
    SendTarget target;
    std::string topic;
    bool position_meta = false;  ///< add `__file_offset__` and `__inode__`
    bool operator==(const Delivery&) const = default;
};

struct CollectRule {
    std::string effective_name;  ///< "<project>$<config>": what checkpoints are kept by
    SendTarget target;
    std::vector<PathPattern> paths;
    std::uint64_t tail_size_kb = 1024;
    bool allows_other_configs = false;  ///< AllowingIncludedByMultiConfigs
    bool position_meta = false;         ///< AppendingLogPositionMeta
    TopicRule topic;
    std::string group_topic;  ///< of the machine group that brought the rule
    std::int64_t created_unix_s = 0;
    /// Parts of the config that the real agent acts on and this one does not, for the log.
    std::vector<std::string> ignored;
    bool operator==(const CollectRule&) const = default;

    /// For a file first opened under `path`.
    Delivery delivery_for(const std::string& path) const;
};

inline constexpr std::uint64_t kTailSizeKbMax = 10'485'760;

/// `group_topic`: topic of the machine group the config is bound to.
/// Errors: InvalidArgument (no file input, no path, no Logstore), naming the member.
Result<CollectRule> parse_rule(const CollectorConfig& config, const RegionName& region,
                               const ProjectName& project, const std::string& group_topic);

}  // namespace spillway::agent
