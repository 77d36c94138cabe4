#include "logstore/engine/quota.h"

#include "base/text.h"
#include "logstore/wire/error_table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

constexpr double kMegabyte = 1024 * 1024;
constexpr std::chrono::minutes kForgetEvery{10};

struct NamedLimit {
    std::string_view name;
    RateLimit QuotaSettings::*limit;
};

constexpr std::array kLimits = {
    NamedLimit{"shard-write", &QuotaSettings::shard_write},
    NamedLimit{"shard-read", &QuotaSettings::shard_read},
    NamedLimit{"project-write", &QuotaSettings::project_write},
    NamedLimit{"project-read", &QuotaSettings::project_read},
};

Error wrong(std::string_view part, std::string_view what) {
    return make_error(
        ErrorCode::InvalidArgument,
        fmt::format("quota \"{}\" {}; write off, service, or a list such as "
                    "shard-write=5MB/500,project-write=100MB/10000 (of shard-write, shard-read, "
                    "project-write and project-read, each BYTES/OPERATIONS a second, 0: no limit)",
                    to_valid_utf8(part), what));
}

Result<RateLimit> parse_limit(std::string_view part, std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return wrong(part, "has no /");
    RateLimit limit;
    const auto bytes = text.substr(0, slash);
    if (bytes != "0") {
        auto size = parse_size(bytes);
        if (!size) return wrong(part, "has a size that is none: " + size.error().message);
        limit.bytes_per_s = static_cast<double>(*size);
    }
    const auto ops = parse_uint(text.substr(slash + 1));
    if (!ops) return wrong(part, "has no number of operations");
    limit.ops_per_s = static_cast<double>(*ops);
    return limit;
}

std::string rate_text(const RateLimit& limit, std::string_view lacking) {
    if (lacking == "ops") return fmt::format("{:.0f} operations a second", limit.ops_per_s);
    return human_bytes(static_cast<std::uint64_t>(limit.bytes_per_s)) + " a second";
}

}  // namespace

QuotaSettings service_quotas() {
    QuotaSettings settings;
    settings.shard_write = {5 * kMegabyte, 500};
    settings.shard_read = {10 * kMegabyte, 100};
    settings.project_write = {100.0 * 1024 * kMegabyte / 60, 600'000.0 / 60};
    settings.project_read = {0, 600'000.0 / 60};
    return settings;
}

Result<QuotaSettings> parse_quotas(std::string_view text) {
    QuotaSettings settings;
    bool is_first = true;
    for (const auto raw : split(text, ',')) {
        const auto part = trim(raw);
        if (is_first && (part == "off" || part == "service")) {
            if (part == "service") settings = service_quotas();
            is_first = false;
            continue;
        }
        is_first = false;
        const auto equals = part.find('=');
        const auto name = part.substr(0, equals);
        const auto* found = std::find_if(kLimits.begin(), kLimits.end(),
                                         [&](const auto& each) { return each.name == name; });
        if (found == kLimits.end()) return wrong(part, "names none of the four");
        if (equals == std::string_view::npos) return wrong(part, "has no value");
        auto limit = parse_limit(part, part.substr(equals + 1));
        if (!limit) return std::move(limit).error();
        settings.*(found->limit) = *limit;
    }
    return settings;
}

TokenBucket::TokenBucket(RateLimit limit, MonoTime now)
    : limit_(limit), filled_at_(now), bytes_(limit.bytes_per_s), ops_(limit.ops_per_s) {}

void TokenBucket::fill(MonoTime now) {
    const double seconds = std::chrono::duration<double>(now - filled_at_).count();
    if (seconds <= 0) return;
    bytes_ = std::min(limit_.bytes_per_s, bytes_ + seconds * limit_.bytes_per_s);
    ops_ = std::min(limit_.ops_per_s, ops_ + seconds * limit_.ops_per_s);
    filled_at_ = now;
}

bool TokenBucket::is_full(MonoTime now) const {
    auto then = *this;
    then.fill(now);
    // A limit of 0 is none: what was taken of it does not count.
    return (limit_.bytes_per_s <= 0 || then.bytes_ >= limit_.bytes_per_s) &&
           (limit_.ops_per_s <= 0 || then.ops_ >= limit_.ops_per_s);
}

std::optional<std::string_view> TokenBucket::lacks(MonoTime now) {
    fill(now);
    if (limit_.bytes_per_s > 0 && bytes_ <= 0) return "bytes";
    if (limit_.ops_per_s > 0 && ops_ < 1 && ops_ < limit_.ops_per_s) return "ops";
    return std::nullopt;
}

void TokenBucket::take(double bytes, double ops) {
    bytes_ -= bytes;
    ops_ -= ops;
}

QuotaBook::QuotaBook(QuotaSettings settings, const Clock& clock, MetricsRegistry& metrics)
    : settings_(settings), clock_(clock), metrics_(metrics), forgot_at_(clock.mono()) {}

Error QuotaBook::refuse(std::string_view scope, std::string_view direction, std::string_view code,
                        std::string message) {
    metrics_
        .counter("spillway_region_throttled_total", "Requests refused because a quota was used up",
                 {{"scope", std::string(scope)}, {"direction", std::string(direction)}})
        .add();
    return wire::service_error(code, std::move(message));
}

Result<ShardId> QuotaBook::admit_write(const LogstoreRef& ref, const std::vector<ShardId>& shards,
                                       std::uint64_t raw_bytes) {
    if (shards.empty()) return wire::service_error("LogStoreWithoutShard", "no shard takes writes");
    const auto now = clock_.mono();
    const auto bytes = static_cast<double>(raw_bytes);
    const std::lock_guard lock(mutex_);
    forget_idle(now);
    TokenBucket* project = nullptr;
    if (settings_.project_write.is_set()) {
        project =
            &project_write_.try_emplace(ref.project, settings_.project_write, now).first->second;
        if (const auto lacking = project->lacks(now)) {
            return refuse("project", "write", "WriteQuotaExceed",
                          fmt::format("Project write quota exceed: {}: project {} may take {}",
                                      *lacking == "ops" ? "qps" : "inflow", ref.project.str(),
                                      rate_text(settings_.project_write, *lacking)));
        }
    }
    auto chosen = shards.front();
    if (settings_.shard_write.is_set()) {
        TokenBucket* open = nullptr;
        std::string_view lacking_last;
        for (const auto shard : shards) {
            auto& bucket =
                shard_write_.try_emplace({ref, shard}, settings_.shard_write, now).first->second;
            const auto lacking = bucket.lacks(now);
            if (lacking) {
                lacking_last = *lacking;
                continue;
            }
            open = &bucket;
            chosen = shard;
            break;
        }
        if (open == nullptr) {
            return refuse("shard", "write", "ShardWriteQuotaExceed",
                          fmt::format("Shard write quota exceed: shard {} of {} may take {}; split "
                                      "it, or write slower",
                                      shards.front().value(), ref.to_string(),
                                      rate_text(settings_.shard_write, lacking_last)));
        }
        open->take(bytes, 1);
    }
    if (project != nullptr) project->take(bytes, 1);
    return chosen;
}

Status QuotaBook::admit_read(const LogstoreRef& ref, ShardId shard) {
    const auto now = clock_.mono();
    const std::lock_guard lock(mutex_);
    forget_idle(now);
    TokenBucket* project = nullptr;
    if (settings_.project_read.is_set()) {
        project =
            &project_read_.try_emplace(ref.project, settings_.project_read, now).first->second;
        if (const auto lacking = project->lacks(now)) {
            return refuse(
                "project", "read", "ReadQuotaExceed",
                fmt::format("Project read quota exceed: project {} gives {}", ref.project.str(),
                            rate_text(settings_.project_read, *lacking)));
        }
    }
    if (settings_.shard_read.is_set()) {
        auto& bucket =
            shard_read_.try_emplace({ref, shard}, settings_.shard_read, now).first->second;
        if (const auto lacking = bucket.lacks(now)) {
            return refuse(
                "shard", "read", "ShardReadQuotaExceed",
                fmt::format("Shard read quota exceed: shard {} of {} gives {}", shard.value(),
                            ref.to_string(), rate_text(settings_.shard_read, *lacking)));
        }
        bucket.take(0, 1);
    }
    if (project != nullptr) project->take(0, 1);
    return {};
}

void QuotaBook::charge_read(const LogstoreRef& ref, ShardId shard, std::uint64_t raw_bytes) {
    const std::lock_guard lock(mutex_);
    const auto bytes = static_cast<double>(raw_bytes);
    if (auto found = shard_read_.find({ref, shard}); found != shard_read_.end()) {
        found->second.take(bytes, 0);
    }
    if (auto found = project_read_.find(ref.project); found != project_read_.end()) {
        found->second.take(bytes, 0);
    }
}

/// A full bucket knows nothing: shards that come and go are not to fill memory.
void QuotaBook::forget_idle(MonoTime now) {
    if (now - forgot_at_ < kForgetEvery) return;
    forgot_at_ = now;
    for (auto* buckets : {&shard_write_, &shard_read_}) {
        std::erase_if(*buckets, [&](const auto& entry) { return entry.second.is_full(now); });
    }
    for (auto* buckets : {&project_write_, &project_read_}) {
        std::erase_if(*buckets, [&](const auto& entry) { return entry.second.is_full(now); });
    }
}

}  // namespace spillway::engine
