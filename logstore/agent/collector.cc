#include "logstore/agent/collector.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/agent/group_builder.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace spillway::agent {
namespace {

constexpr int kGroupsPerPass = 4;  // of one file, before the next one has its turn
constexpr auto kSaveAgainAfter = std::chrono::milliseconds(200);
constexpr std::int64_t kForgetAfterS = 7 * 24 * 3600;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::int64_t unix_ns(WallTime at) {
    return at.time_since_epoch().count();
}

}  // namespace

Collector::Collector(const AgentOptions& options, SendQueues& queues, AlarmBook& alarms,
                     EventLog& log, const Clock& clock)
    : options_(options),
      queues_(queues),
      alarms_(alarms),
      log_(log),
      clock_(clock),
      checkpoint_path_(options.data_dir + "/checkpoints.json") {}

// --- checkpoints ------------------------------------------------------------------------------

void Collector::load() {
    auto text = read_file(checkpoint_path_);
    if (!text && text.error().code == ErrorCode::NotFound) return;
    auto table = text ? parse_checkpoints(*text) : Result<CheckpointTable>(text.error());
    if (!table) {
        const std::string aside =
            checkpoint_path_ + ".bad-" + std::to_string(unix_seconds(clock_.wall()));
        std::rename(checkpoint_path_.c_str(), aside.c_str());
        alarms_.raise(
            kCheckpointAlarm, checkpoint_path_,
            "checkpoints cannot be read and were set aside as " + aside +
                "; files are read as if seen for the first time: " + table.error().to_string());
        return;
    }
    table_ = std::move(*table);
    for (auto& [key, checkpoint] : table_.files) {
        if (checkpoint.owed) resume_owed(key, checkpoint);
    }
}

void Collector::resume_owed(const CheckpointKey& key, FileCheckpoint& checkpoint) {
    const OwedRange owed = *checkpoint.owed;
    const RegionName& region = owed.delivery.target.region;
    const bool reachable =
        std::any_of(options_.regions.begin(), options_.regions.end(),
                    [&](const AgentRegion& known) { return known.name == region; });
    if (!reachable) {
        alarms_.raise(kConfigAlarm, region.str(),
                      "part of " + checkpoint.path + " is owed to " + region.str() +
                          ", which is not among the regions any more; name it again to send it");
        return;
    }
    std::string path = checkpoint.path;
    if (auto found = find_by_id(folder_of(path), key.file)) path = found->path;
    auto file = TailedFile::open(path);
    if (!file || file->id() != key.file || !file->fits(checkpoint.signature)) {
        alarms_.raise(kDiscardDataAlarm, checkpoint.path,
                      "bytes " + std::to_string(checkpoint.offset) + " to " +
                          std::to_string(owed.until) + " of " + checkpoint.path + " were owed to " +
                          owed.delivery.target.to_string() + ", but the file is gone",
                      owed.until - checkpoint.offset);
        checkpoint.owed.reset();
        dirty_ = true;
        return;
    }
    Tail& tail = add_tail(key, checkpoint.path, owed.delivery, std::move(*file));
    tail.file.begin_at(checkpoint.offset);
    tail.file.limit(owed.until);
    tail.start_offset = checkpoint.offset;
}

void Collector::note(const Tail& tail) {
    FileCheckpoint& checkpoint = table_.files[tail.key];
    checkpoint.path = tail.path;
    checkpoint.offset = tail.file.window.acknowledged();
    checkpoint.signature = tail.file.signature();
    checkpoint.updated_unix_s = unix_seconds(clock_.wall());
    checkpoint.owed.reset();
    const auto& limit = tail.file.limit();
    if (limit && checkpoint.offset < *limit) checkpoint.owed = OwedRange{*limit, tail.delivery};
    dirty_ = true;
}

void Collector::save(bool at_once) {
    const MonoTime now = clock_.mono();
    if (!dirty_) return;
    const bool due = now - saved_at_ >= (urgent_ ? kSaveAgainAfter : options_.checkpoint_interval);
    if (!at_once && !due) return;
    const std::int64_t now_s = unix_seconds(clock_.wall());
    for (const auto& [number, tail] : tails_) {
        const auto found = table_.files.find(tail.key);
        if (found != table_.files.end()) found->second.updated_unix_s = now_s;
    }
    table_.forget_before(now_s - kForgetAfterS);
    saved_at_ = now;
    const Status saved = options_.write_durably(checkpoint_path_, to_text(table_));
    if (!saved) {
        alarms_.raise(
            kCheckpointAlarm, checkpoint_path_,
            "checkpoints could not be saved; collecting goes on, and a restart would send "
            "again what came after the last save: " +
                saved.error().to_string());
        return;
    }
    dirty_ = urgent_ = false;
}

// --- rules ------------------------------------------------------------------------------------

void Collector::follow(const RegionName& region, const std::vector<CollectRule>& rules) {
    std::set<std::string> wanted;
    for (const CollectRule& rule : rules) {
        wanted.insert(rule.effective_name);
        auto [at, is_new] = rules_.try_emplace(rule.effective_name);
        if (!is_new && at->second.rule == rule) continue;
        at->second.rule = rule;
        if (!is_new) at->second.scanned = false;
        log_.info(is_new ? "agent.config_added" : "agent.config_changed",
                  rule.effective_name + (is_new ? " is followed" : " has changed"),
                  {{"config", rule.effective_name}, {"target", rule.target.to_string()}});
        for (const std::string& ignored : rule.ignored) {
            log_.info("agent.config_part_ignored",
                      ignored + " is not applied: the raw line goes into \"content\"",
                      {{"config", rule.effective_name}, {"member", ignored}});
        }
        if (table_.watched_since_unix_ns.try_emplace(rule.effective_name, unix_ns(clock_.wall()))
                .second) {
            dirty_ = opened_ = true;
        }
    }
    std::erase_if(rules_, [&](const auto& entry) {
        const CollectRule& rule = entry.second.rule;
        if (rule.target.region != region || wanted.contains(entry.first)) return false;
        log_.info("agent.config_removed",
                  entry.first + " is no longer followed; what was read from it still goes out",
                  {{"config", entry.first}, {"target", rule.target.to_string()}});
        for (auto& [number, tail] : tails_) {
            if (tail.key.config == entry.first) retire(tail, "its config was removed");
        }
        return true;
    });
}

void Collector::retire(Tail& tail, std::string_view why) {
    if (tail.file.limit()) return;
    watch_changes(tail, clock_.mono());
    // A file that was renamed away matches no config any more: what it still holds would be read by
    // nobody, so it is read to its end for the old region.
    tail.file.limit(tail.gone_since ? tail.file.size() : tail.file.read_offset());
    log_.info("agent.file_left", tail.path + " is no longer read: " + std::string(why),
              {{"config", tail.key.config},
               {"path", to_valid_utf8(tail.path)},
               {"read_offset", tail.file.read_offset()},
               {"acknowledged_offset", tail.file.window.acknowledged()}});
    note(tail);
    urgent_ = true;
}

// --- scanning ---------------------------------------------------------------------------------

std::map<FileId, Collector::Match> Collector::match_all() {
    std::map<FileId, Match> matches;
    for (auto& [name, state] : rules_) {
        for (const PathPattern& pattern : state.rule.paths) {
            for (FoundFile& found : find_files(pattern)) {
                Match& match = matches[found.id];
                if (match.rules.empty()) match.found = found;
                const bool is_new = match.paths.try_emplace(&state.rule, found.path).second;
                if (is_new) match.rules.push_back({&state.rule, pattern.base_length()});
            }
        }
    }
    return matches;
}

void Collector::scan() {
    const auto matches = match_all();
    std::set<CheckpointKey> collected;
    for (const auto& [id, match] : matches) take_up(match, collected);
    leave(matches, collected);
    for (auto& [name, state] : rules_) {
        if (!state.scanned) find_renamed(state, matches);
        state.scanned = true;
        std::erase_if(state.seen, [&](const FileId& id) { return !matches.contains(id); });
    }
}

void Collector::take_up(const Match& match, std::set<CheckpointKey>& collected) {
    const FileCollectors chosen = choose_collectors(match.rules);
    for (const CollectRule* rule : chosen.collecting) {
        collected.insert({match.found.id, rule->effective_name});
        ensure_tail(rules_.at(rule->effective_name), match.paths.at(rule), match.found.id);
    }
    for (const CollectRule* rule : chosen.shut_out) {
        rules_.at(rule->effective_name).seen.insert(match.found.id);
    }
    if (!chosen.shut_out.empty()) tell_shut_out(match, chosen);
}

void Collector::tell_shut_out(const Match& match, const FileCollectors& chosen) {
    std::string losers;
    for (const CollectRule* rule : chosen.shut_out) {
        losers += (losers.empty() ? "" : ", ") + rule->effective_name;
    }
    std::string winner;
    for (const CollectRule* rule : chosen.collecting) {
        if (!rule->allows_other_configs) winner = rule->effective_name;
    }
    alarms_.raise(kMultiConfigMatchAlarm, match.found.path + " " + losers,
                  match.found.path + " matches several configs: " + winner + " collects it, " +
                      losers +
                      " get nothing; set AllowingIncludedByMultiConfigs where both are wanted");
}

void Collector::ensure_tail(RuleState& state, const std::string& path, const FileId& id) {
    const auto number = numbers_.find({id, state.rule.effective_name});
    if (number != numbers_.end()) {
        Tail& tail = tails_.at(number->second);
        tail.gone_since.reset();
        tail.delivery = state.rule.delivery_for(tail.path);
        if (tail.file.limit()) {
            tail.file.limit(std::nullopt);
            note(tail);
        }
        state.seen.insert(id);
        return;
    }
    const Status opened = open_tail(state, path, id);
    if (opened) {
        state.seen.insert(id);
        return;
    }
    // Not marked as seen: once it can be opened, it is as new as it was now.
    alarms_.raise(kOpenLogfileFailAlarm, path,
                  path + " cannot be read for " + state.rule.effective_name + ": " +
                      opened.error().to_string());
}

Status Collector::open_tail(RuleState& state, const std::string& path, const FileId& id) {
    auto file = TailedFile::open(path);
    if (!file) return std::move(file).error();
    if (file->id() != id) return {};  // renamed since it was seen; the next scan sees it again
    Tail& tail = add_tail({id, state.rule.effective_name}, path, state.rule.delivery_for(path),
                          std::move(*file));
    if (auto begun = begin_tail(tail, state); !begun) {
        numbers_.erase(tail.key);
        tails_.erase(tail.number);
        return begun;
    }
    note(tail);
    opened_ = true;
    log_.info("agent.file_opened", path + " is read from byte " + std::to_string(tail.start_offset),
              {{"config", tail.key.config},
               {"path", to_valid_utf8(path)},
               {"offset", tail.start_offset},
               {"size", tail.file.size()}});
    return {};
}

Collector::Tail& Collector::add_tail(CheckpointKey key, std::string path, Delivery delivery,
                                     TailedFile file) {
    const std::uint64_t number = next_number_++;
    numbers_[key] = number;
    const auto added = tails_.emplace(number, Tail{number,
                                                   std::move(key),
                                                   std::move(path),
                                                   std::move(delivery),
                                                   std::move(file),
                                                   0,
                                                   {},
                                                   {},
                                                   false,
                                                   0,
                                                   0});
    return added.first->second;
}

bool Collector::has_other_file_of(const std::string& config, const std::string& path,
                                  const FileId& id) const {
    return std::any_of(table_.files.begin(), table_.files.end(), [&](const auto& entry) {
        return entry.first.config == config && entry.second.path == path && entry.first.file != id;
    });
}

Status Collector::begin_tail(Tail& tail, const RuleState& state) {
    const std::string& config = tail.key.config;
    const FileCheckpoint* checkpoint = table_.find(tail.key);
    const auto born = birth_unix_ns(tail.path);
    const auto watched = table_.watched_since_unix_ns.find(config);
    StartFacts facts;
    facts.has_checkpoint = checkpoint != nullptr;
    facts.signature_fits = checkpoint != nullptr && tail.file.fits(checkpoint->signature);
    facts.checkpoint_offset = checkpoint == nullptr ? 0 : checkpoint->offset;
    facts.size = tail.file.size();
    facts.appeared_while_watching = state.scanned && !state.seen.contains(tail.key.file);
    // Shut out by another config until now: that file is old news whenever it was born.
    facts.born_while_followed = !state.seen.contains(tail.key.file) && born &&
                                watched != table_.watched_since_unix_ns.end() &&
                                *born > watched->second;
    facts.follows_known_file = has_other_file_of(config, tail.path, tail.key.file);
    std::uint64_t offset = 0;
    switch (choose_start(facts)) {
        case StartKind::Beginning:
            break;
        case StartKind::Checkpoint:
            offset = checkpoint->offset;
            break;
        case StartKind::Tail: {
            auto start = tail.file.tail_start(state.rule.tail_size_kb * 1024);
            if (!start) return std::move(start).error();
            offset = *start;
            if (offset == 0) break;
            alarms_.raise(kSkipReadLogAlarm, config + " " + tail.path,
                          config + " has no checkpoint for " + tail.path + ": " +
                              std::to_string(offset) + " bytes before its last " +
                              std::to_string(state.rule.tail_size_kb) + " KiB are skipped",
                          offset);
        }
    }
    tail.file.begin_at(offset);
    tail.start_offset = offset;
    return {};
}

void Collector::leave(const std::map<FileId, Match>& matches,
                      const std::set<CheckpointKey>& collected) {
    for (auto& [number, tail] : tails_) {
        if (tail.file.limit() || collected.contains(tail.key)) continue;
        const auto match = matches.find(tail.key.file);
        const bool still_named =
            match != matches.end() &&
            std::any_of(match->second.rules.begin(), match->second.rules.end(),
                        [&](const RuleMatch& rule) {
                            return rule.rule->effective_name == tail.key.config;
                        });
        if (still_named) {
            retire(tail, "another config collects it now");
        } else if (!tail.gone_since) {
            tail.gone_since = clock_.mono();
        }
    }
}

void Collector::find_renamed(const RuleState& state, const std::map<FileId, Match>& matches) {
    const std::string& config = state.rule.effective_name;
    for (const auto& [key, checkpoint] : table_.files) {
        if (key.config != config || matches.contains(key.file)) continue;
        if (const auto known = numbers_.find(key); known != numbers_.end()) {
            // Left when the config went away, and now it is back.
            tails_.at(known->second).file.limit(std::nullopt);
            continue;
        }
        const auto found = find_by_id(folder_of(checkpoint.path), key.file);
        if (!found || found->size <= checkpoint.offset) continue;
        auto file = TailedFile::open(found->path);
        if (!file || file->id() != key.file || !file->fits(checkpoint.signature)) continue;
        Tail& tail = add_tail(key, checkpoint.path, state.rule.delivery_for(checkpoint.path),
                              std::move(*file));
        tail.file.begin_at(checkpoint.offset);
        tail.start_offset = checkpoint.offset;
        tail.gone_since = clock_.mono();
        log_.info("agent.renamed_file_found",
                  checkpoint.path + " was renamed to " + found->path + "; the rest of it is read",
                  {{"config", config},
                   {"path", to_valid_utf8(checkpoint.path)},
                   {"offset", checkpoint.offset},
                   {"size", found->size}});
    }
}

// --- reading ----------------------------------------------------------------------------------

bool Collector::read() {
    // What was just opened is saved first: a crash must find the same starting points.
    if (std::exchange(opened_, false)) save(true);
    bool more = false;
    for (auto& [number, tail] : tails_) more = read_tail(tail) || more;
    close_finished();
    return more;
}

void Collector::watch_changes(Tail& tail, MonoTime now) {
    const std::uint64_t read_before = tail.file.read_offset();
    const auto change = tail.file.refresh(now);
    if (!change) {
        alarms_.raise(kOpenLogfileFailAlarm, tail.path, change.error().to_string());
    } else if (*change == FileChange::Restarted) {
        ++tail.restarts;
        alarms_.raise(kLogTruncateAlarm, tail.path,
                      tail.path + " was truncated or written anew after byte " +
                          std::to_string(read_before) + " was read; it is read from its beginning");
        note(tail);
        urgent_ = true;
    }
    if (tail.file.unread() == 0) {
        tail.unread_since.reset();
    } else if (!tail.unread_since) {
        tail.unread_since = now;
    }
}

bool Collector::is_due(Tail& tail, MonoTime now) const {
    if (tail.file.unread() == 0) return false;
    return tail.gone_since || tail.file.limit() || tail.file.unread() >= kGroupBytesMax ||
           now - *tail.unread_since >= options_.linger;
}

bool Collector::read_tail(Tail& tail) {
    const MonoTime now = clock_.mono();
    watch_changes(tail, now);
    tail.blocked = false;
    if (!is_due(tail, now)) return false;
    for (int groups = 0; groups < kGroupsPerPass; ++groups) {
        if (!queues_.has_room(tail.delivery.target)) {
            tail.blocked = true;
            return false;
        }
        if (!read_group(tail, now)) return false;
    }
    return tail.file.unread() > 0;
}

bool Collector::read_group(Tail& tail, MonoTime now) {
    const bool flush_rest =
        tail.file.limit() || now - tail.file.last_growth() >= options_.flush_timeout;
    auto lines = tail.file.next_lines(buffer_, flush_rest);
    if (!lines) {
        alarms_.raise(kOpenLogfileFailAlarm, tail.path,
                      tail.path + " cannot be read: " + lines.error().to_string());
        return false;
    }
    if (lines->consumed == 0) return false;
    send(tail, *lines);
    if (tail.file.unread() == 0) tail.unread_since.reset();
    return tail.file.unread() > 0;
}

void Collector::send(Tail& tail, const SplitResult& lines) {
    const std::uint64_t ticket = tail.file.sent(lines);
    if (lines.lines.empty()) {
        tail.file.window.finish(ticket);
        return note(tail);
    }
    const WallTime wall = clock_.wall();
    char pack[40];
    std::snprintf(
        pack, sizeof pack, "%016llX-%llX",
        static_cast<unsigned long long>(hash64(options_.identity.ip + tail.path + tail.key.config)),
        static_cast<unsigned long long>(next_pack_++));
    OutgoingGroup group;
    group.file = tail.number;
    group.ticket = ticket;
    group.logs = static_cast<std::uint32_t>(lines.lines.size());
    group.batch =
        build_group({lines.lines, tail.delivery, options_.identity, tail.path, tail.key.file, pack,
                     static_cast<std::uint32_t>(unix_seconds(wall))});
    group.order_key = group.batch.route_key->str();
    tail.logs_read += group.logs;
    queues_.push(tail.delivery.target, std::move(group));
}

void Collector::settle(const std::vector<GroupOutcome>& outcomes) {
    for (const GroupOutcome& outcome : outcomes) {
        const auto found = tails_.find(outcome.file);
        if (found == tails_.end()) continue;
        found->second.file.window.finish(outcome.ticket);
        note(found->second);
        urgent_ = true;
    }
}

bool Collector::is_finished(const Tail& tail, MonoTime now) const {
    if (tail.file.unread() > 0 || !tail.file.window.idle()) return false;
    if (tail.file.limit()) return true;
    if (!tail.gone_since) return false;
    return now - std::max(*tail.gone_since, tail.file.last_growth()) >= options_.gone_close_after;
}

void Collector::close_finished() {
    const MonoTime now = clock_.mono();
    for (auto at = tails_.begin(); at != tails_.end();) {
        Tail& tail = at->second;
        if (!is_finished(tail, now)) {
            ++at;
            continue;
        }
        note(tail);
        if (tail.file.deleted()) table_.files.erase(tail.key);
        numbers_.erase(tail.key);
        at = tails_.erase(at);
    }
}

// --- telling ----------------------------------------------------------------------------------

std::vector<TailStatus> Collector::status() const {
    std::vector<TailStatus> all;
    for (const auto& [number, tail] : tails_) {
        TailStatus status;
        status.config = tail.key.config;
        status.target = tail.delivery.target;
        status.path = tail.path;
        status.file = tail.key.file;
        status.state = tail.file.limit() ? "draining"
                       : tail.blocked    ? "blocked"
                       : tail.gone_since ? "gone"
                                         : "following";
        status.size = tail.file.size();
        status.start_offset = tail.start_offset;
        status.read_offset = tail.file.read_offset();
        status.acknowledged_offset = tail.file.window.acknowledged();
        status.restarts = tail.restarts;
        status.logs_read = tail.logs_read;
        all.push_back(std::move(status));
    }
    return all;
}

std::vector<const CollectRule*> Collector::rules() const {
    std::vector<const CollectRule*> all;
    for (const auto& [name, state] : rules_) all.push_back(&state.rule);
    return all;
}

}  // namespace spillway::agent
