// How much a shard and a project may take a second. A bucket holds what one second gives and may
// run into debt: whoever finds anything in it is let in whole, and who comes next waits until the
// debt is paid. So one large write passes a small quota, and the rate holds all the same.
// Pure but for QuotaBook, which is thread-safe. Source: docs/sources.md#quotas
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "logstore/model/names.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spillway::engine {

/// 0: no limit.
struct RateLimit {
    double bytes_per_s = 0;  ///< uncompressed
    double ops_per_s = 0;
    bool is_set() const { return bytes_per_s > 0 || ops_per_s > 0; }
    bool operator==(const RateLimit&) const = default;
};

struct QuotaSettings {
    RateLimit shard_write;
    RateLimit shard_read;
    RateLimit project_write;
    RateLimit project_read;
    bool any() const {
        return shard_write.is_set() || shard_read.is_set() || project_write.is_set() ||
               project_read.is_set();
    }
    bool operator==(const QuotaSettings&) const = default;
};

/// The service's figures.
QuotaSettings service_quotas();
/// "off", "service", or "shard-write=5MB/500,project-read=0/10000" (bytes/operations a second, 0:
/// no limit); may begin with "service," and change single ones. Errors: InvalidArgument.
Result<QuotaSettings> parse_quotas(std::string_view text);

class TokenBucket {
  public:
    TokenBucket(RateLimit limit, MonoTime now);

    /// Nothing: there is room. Else which limit is used up: "bytes" or "ops".
    std::optional<std::string_view> lacks(MonoTime now);
    void take(double bytes, double ops);
    bool is_full(MonoTime now) const;

  private:
    void fill(MonoTime now);

    RateLimit limit_;
    MonoTime filled_at_;
    double bytes_;
    double ops_;
};

/// The buckets of every shard and project that were used lately.
class QuotaBook {
  public:
    QuotaBook(QuotaSettings settings, const Clock& clock, MetricsRegistry& metrics);

    const QuotaSettings& settings() const { return settings_; }
    /// Errors: Throttled with ShardWriteQuotaExceed or WriteQuotaExceed. `shards`: those that may
    /// take it; the write is charged to the first that has room. Answers which.
    Result<ShardId> admit_write(const LogstoreRef& ref, const std::vector<ShardId>& shards,
                                std::uint64_t raw_bytes);
    /// Errors: Throttled with ShardReadQuotaExceed or ReadQuotaExceed. What was read is charged
    /// when it is known.
    Status admit_read(const LogstoreRef& ref, ShardId shard);
    void charge_read(const LogstoreRef& ref, ShardId shard, std::uint64_t raw_bytes);

  private:
    using ShardKey = std::pair<LogstoreRef, ShardId>;
    using Shards = std::map<ShardKey, TokenBucket>;
    using Projects = std::map<ProjectName, TokenBucket>;

    Error refuse(std::string_view scope, std::string_view direction, std::string_view code,
                 std::string message);
    void forget_idle(MonoTime now);

    const QuotaSettings settings_;
    const Clock& clock_;
    MetricsRegistry& metrics_;
    std::mutex mutex_;  // guards the rest
    Shards shard_write_;
    Shards shard_read_;
    Projects project_write_;
    Projects project_read_;
    MonoTime forgot_at_;
};

}  // namespace spillway::engine
