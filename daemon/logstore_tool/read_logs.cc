#include "daemon/logstore_tool/read_logs.h"

#include "daemon/logstore_tool/log_json.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace spillway::daemon {

namespace {

/// Turns pages into lines and counts them.
class LineWriter {
  public:
    LineWriter(std::ostream& out, std::uint64_t logs_max) : out_(out), logs_max_(logs_max) {}

    bool full() const { return logs_max_ != 0 && summary_.logs >= logs_max_; }
    ReadSummary summary() const { return summary_; }

    Status write(const Page& page, ShardId shard) {
        if (auto read = wire::decompress_into(raw_, page.codec, page.body, page.raw_bytes); !read) {
            return at(page, shard, std::move(read).error());
        }
        lines_.clear();
        std::uint32_t index = 0;
        Status failed;
        auto walked = wire::for_each_group(raw_, [&](std::string_view group) {
            failed = write_group(group, shard, cursor_of(page, index++));
            return failed.has_value() && !full();
        });
        out_ << lines_ << std::flush;  // what came before any damage is good
        if (!walked) return at(page, shard, std::move(walked).error());
        if (!failed) return at(page, shard, std::move(failed).error());
        if (!out_) return make_error(ErrorCode::Cancelled, "the output takes no more");
        return {};
    }

  private:
    static Error at(const Page& page, ShardId shard, Error error) {
        return std::move(error).while_doing("shard " + std::to_string(shard.value()) +
                                            ", the page at cursor " + page.from.str());
    }

    /// Of a group: its own where the service tells, else that of the page.
    static Cursor cursor_of(const Page& page, std::uint32_t index) {
        if (!page.last_position) return page.from;
        return Cursor::from_position(*page.last_position - page.group_count + 1 + index);
    }

    Status write_group(std::string_view bytes, ShardId shard, const Cursor& cursor) {
        const auto group = wire::LogGroupView::parse(bytes);
        if (!group) return group.error();
        ++summary_.groups;
        Status failed;
        group->for_each_log([&](wire::LogView log) {
            if (full()) return false;
            failed = append_log_line(lines_, *group, log, shard, cursor);
            if (failed) ++summary_.logs;
            return failed.has_value();
        });
        return failed;
    }

    std::ostream& out_;
    std::uint64_t logs_max_;
    ReadSummary summary_;
    std::string raw_;
    std::string lines_;
};

Result<std::vector<ShardId>> wanted_shards(LogSource& source, const ReadOptions& options) {
    const auto shards = source.shards(options.ref);
    if (!shards) return shards.error();
    std::vector<ShardId> all;
    for (const auto& shard : *shards) all.push_back(shard.id);
    if (options.shards.empty()) return all;
    for (const ShardId id : options.shards) {
        if (std::find(all.begin(), all.end(), id) == all.end()) {
            return make_error(ErrorCode::NotFound, options.ref.to_string() + " has no shard " +
                                                       std::to_string(id.value()));
        }
    }
    return options.shards;
}

Status read_shard(LogSource& source, const ReadOptions& options, ShardId shard, LineWriter& lines) {
    auto from = find_cursor(source, options.ref, shard, options.from);
    if (!from) return std::move(from).error();
    auto to = find_cursor(source, options.ref, shard, options.to);
    if (!to) return std::move(to).error();
    PullRequest request;
    request.from = *std::move(from);
    request.end = *to;
    while (request.from != *to && !lines.full()) {
        const auto page = source.pull(options.ref, shard, request);
        if (!page) return page.error();
        if (auto written = lines.write(*page, shard); !written) return written;
        if (page->next == request.from) break;  // an end before the beginning, or nothing stored
        request.from = page->next;
    }
    return {};
}

}  // namespace

Result<ReadSummary> read_logs(LogSource& source, const ReadOptions& options, std::ostream& out) {
    const auto shards = wanted_shards(source, options);
    if (!shards) return shards.error();
    LineWriter lines(out, options.logs_max);
    for (const ShardId shard : *shards) {
        if (lines.full()) break;
        if (auto read = read_shard(source, options, shard, lines); !read) {
            return std::move(read).error();
        }
    }
    return lines.summary();
}

namespace {

class Follower {
  public:
    Follower(LogSource& source, const FollowOptions& options, std::ostream& out,
             const std::function<void(std::string_view)>& warn, const Clock& clock,
             std::stop_token stop)
        : source_(source),
          options_(options),
          lines_(out, options.read.logs_max),
          warn_(warn),
          clock_(clock),
          stop_(std::move(stop)) {}

    Result<ReadSummary> run() {
        if (auto found = begin(); !found) return std::move(found).error();
        while (!stop_.stop_requested() && !lines_.full()) {
            bool progress = false;
            if (auto looked = look_for_shards(); !looked) return std::move(looked).error();
            for (auto& [shard, from] : at_) {
                auto moved = read_on(shard, from);
                if (!moved) return std::move(moved).error();
                progress = progress || *moved;
            }
            if (!progress) wait();
        }
        return lines_.summary();
    }

  private:
    Status begin() {
        const auto shards = wanted_shards(source_, options_.read);
        if (!shards) return shards.error();
        for (const ShardId shard : *shards) {
            auto from = find_cursor(source_, options_.read.ref, shard, options_.read.from);
            if (!from) return std::move(from).error();
            at_[shard] = *std::move(from);
        }
        looked_ = clock_.mono();
        return {};
    }

    /// A split or merge makes new shards; all that is in them is new.
    Status look_for_shards() {
        if (!options_.read.shards.empty()) return {};
        if (clock_.mono() - looked_ < options_.shard_interval) return {};
        looked_ = clock_.mono();
        const auto shards = source_.shards(options_.read.ref);
        if (!shards) return survive(shards.error());
        for (const auto& shard : *shards) {
            if (at_.contains(shard.id)) continue;
            auto from = source_.cursor(options_.read.ref, shard.id, CursorSeek::begin());
            if (!from) return survive(from.error());
            at_[shard.id] = *std::move(from);
        }
        return {};
    }

    Result<bool> read_on(ShardId shard, Cursor& from) {
        if (stop_.stop_requested() || lines_.full()) return false;
        PullRequest request;
        request.from = from;
        const auto page = source_.pull(options_.read.ref, shard, request);
        if (!page && page.error().code == ErrorCode::OutOfRange) return seek_again(shard, from);
        if (!page) {
            if (auto survived = survive(page.error()); !survived) {
                return std::move(survived).error();
            }
            return false;
        }
        warned_.clear();
        if (auto written = lines_.write(*page, shard); !written) return std::move(written).error();
        const bool moved = page->next != from;
        from = page->next;
        return moved;
    }

    Result<bool> seek_again(ShardId shard, Cursor& from) {
        warn_("shard " + std::to_string(shard.value()) + ": the logs at cursor " + from.str() +
              " are gone; going on with the oldest that are stored");
        auto oldest = source_.cursor(options_.read.ref, shard, CursorSeek::begin());
        if (!oldest) {
            if (auto survived = survive(oldest.error()); !survived) {
                return std::move(survived).error();
            }
            return false;
        }
        from = *std::move(oldest);
        return true;
    }

    /// An error that may pass is told once, until something works again.
    Status survive(const Error& error) {
        if (stop_.stop_requested()) return {};
        if (!is_transient(error.code)) return error;
        if (warned_.insert(error.code).second) warn_(error.to_string() + "; trying on");
        return {};
    }

    void wait() {
        std::unique_lock lock(mutex_);
        woken_.wait_for(lock, stop_, options_.interval, [] { return false; });
    }

    LogSource& source_;
    const FollowOptions& options_;
    LineWriter lines_;
    const std::function<void(std::string_view)>& warn_;
    const Clock& clock_;
    std::stop_token stop_;
    std::map<ShardId, Cursor> at_;
    std::set<ErrorCode> warned_;
    MonoTime looked_;
    std::mutex mutex_;  // guards nothing: the wait only needs one
    std::condition_variable_any woken_;
};

}  // namespace

Result<ReadSummary> follow_logs(LogSource& source, const FollowOptions& options, std::ostream& out,
                                const std::function<void(std::string_view)>& warn,
                                const Clock& clock, std::stop_token stop) {
    return Follower(source, options, out, warn, clock, std::move(stop)).run();
}

namespace {

/// Nothing where there is no group at that cursor.
Result<std::optional<std::int64_t>> time_at(LogSource& source, const LogstoreRef& ref,
                                            ShardId shard, const Cursor& cursor) {
    const auto time = source.cursor_time(ref, shard, cursor);
    if (time) return std::optional(*time);
    if (time.error().code == ErrorCode::OutOfRange) return std::optional<std::int64_t>();
    return time.error();
}

Result<ShardStat> stat_of(LogSource& source, const LogstoreRef& ref, const Shard& shard) {
    ShardStat stat;
    stat.shard = shard;
    auto first = source.cursor(ref, shard.id, CursorSeek::begin());
    if (!first) return std::move(first).error();
    auto end = source.cursor(ref, shard.id, CursorSeek::end());
    if (!end) return std::move(end).error();
    stat.first = *std::move(first);
    stat.end = *std::move(end);
    const auto begin_position = stat.first.position();
    const auto end_position = stat.end.position();
    if (!begin_position || !end_position || *end_position < *begin_position) return stat;
    stat.groups_max = static_cast<std::uint64_t>(*end_position - *begin_position);
    if (*stat.groups_max == 0) return stat;
    const auto first_time = time_at(source, ref, shard.id, stat.first);
    if (!first_time) return first_time.error();
    stat.first_unix_s = *first_time;
    const auto last_time = time_at(source, ref, shard.id, Cursor::from_position(*end_position - 1));
    if (!last_time) return last_time.error();
    stat.last_unix_s = *last_time;
    return stat;
}

}  // namespace

Result<std::vector<ShardStat>> shard_stats(LogSource& source, const LogstoreRef& ref) {
    const auto shards = source.shards(ref);
    if (!shards) return shards.error();
    std::vector<ShardStat> out;
    for (const auto& shard : *shards) {
        auto stat = stat_of(source, ref, shard);
        if (!stat) return std::move(stat).error();
        out.push_back(*std::move(stat));
    }
    return out;
}

}  // namespace spillway::daemon
