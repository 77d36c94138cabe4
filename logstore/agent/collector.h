// Finds the files that rules name, reads their new lines into the send queues, and keeps
// checkpoints. One owner: everything is called by the agent's loop; only the send queues are
// shared.
//
// The order of a pass: scan (which files, who collects them), read (each file, oldest first), close
// what is finished. Checkpoints move when outcomes come back, and are saved before a newly opened
// file is read on.
#pragma once

#include "base/event_log.h"
#include "logstore/agent/agent_options.h"
#include "logstore/agent/alarm_book.h"
#include "logstore/agent/checkpoint_table.h"
#include "logstore/agent/collect_rule.h"
#include "logstore/agent/file_match.h"
#include "logstore/agent/send_queues.h"
#include "logstore/agent/start_position.h"
#include "logstore/agent/tailed_file.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spillway::agent {

/// What the status file says of one file under one config.
struct TailStatus {
    std::string config;
    SendTarget target;
    std::string path;
    FileId file;
    std::string state;  ///< following, blocked, gone, draining
    std::uint64_t size = 0;
    std::uint64_t start_offset = 0;
    std::uint64_t read_offset = 0;
    std::uint64_t acknowledged_offset = 0;
    std::uint64_t restarts = 0;
    std::uint64_t logs_read = 0;
};

class Collector {
  public:
    Collector(const AgentOptions& options, SendQueues& queues, AlarmBook& alarms, EventLog& log,
              const Clock& clock);

    /// Reads data/checkpoints.json and takes up what configs that are gone still owe their regions.
    /// A file that cannot be understood is set aside and said so; the agent starts as without it.
    void load();
    /// From now on these are the rules of that region.
    void follow(const RegionName& region, const std::vector<CollectRule>& rules);
    /// Looks which files exist and decides who collects them.
    void scan();
    /// Reads what is due. True when there is more to read at once.
    bool read();
    void settle(const std::vector<GroupOutcome>& outcomes);
    /// Saves when something changed and it is time, or at once. Says so when it cannot, and goes
    /// on.
    void save(bool at_once);

    std::vector<TailStatus> status() const;
    std::vector<const CollectRule*> rules() const;

  private:
    struct RuleState {
        CollectRule rule;
        bool scanned = false;
        std::set<FileId> seen;  // matched by the latest scan, whoever collects them
    };
    struct Tail {
        std::uint64_t number;
        CheckpointKey key;
        std::string path;
        Delivery delivery;
        TailedFile file;
        std::uint64_t start_offset = 0;
        std::optional<MonoTime> unread_since;
        std::optional<MonoTime> gone_since;
        bool blocked = false;
        std::uint64_t restarts = 0;
        std::uint64_t logs_read = 0;
    };
    struct Match {
        FoundFile found;
        std::vector<RuleMatch> rules;
        std::map<const CollectRule*, std::string> paths;
    };

    std::map<FileId, Match> match_all();
    void take_up(const Match& match, std::set<CheckpointKey>& collected);
    void tell_shut_out(const Match& match, const FileCollectors& chosen);
    void ensure_tail(RuleState& state, const std::string& path, const FileId& id);
    Status open_tail(RuleState& state, const std::string& path, const FileId& id);
    Status begin_tail(Tail& tail, const RuleState& state);
    bool has_other_file_of(const std::string& config, const std::string& path,
                           const FileId& id) const;
    Tail& add_tail(CheckpointKey key, std::string path, Delivery delivery, TailedFile file);
    void leave(const std::map<FileId, Match>& matches, const std::set<CheckpointKey>& collected);
    void retire(Tail& tail, std::string_view why);
    void find_renamed(const RuleState& state, const std::map<FileId, Match>& matches);
    void resume_owed(const CheckpointKey& key, FileCheckpoint& checkpoint);

    bool read_tail(Tail& tail);
    void watch_changes(Tail& tail, MonoTime now);
    bool is_due(Tail& tail, MonoTime now) const;
    bool read_group(Tail& tail, MonoTime now);
    void send(Tail& tail, const SplitResult& lines);
    bool is_finished(const Tail& tail, MonoTime now) const;
    void close_finished();
    void note(const Tail& tail);

    const AgentOptions& options_;
    SendQueues& queues_;
    AlarmBook& alarms_;
    EventLog& log_;
    const Clock& clock_;
    const std::string checkpoint_path_;

    std::map<std::string, RuleState> rules_;  // by effective name
    std::map<std::uint64_t, Tail> tails_;     // by number: older first
    std::map<CheckpointKey, std::uint64_t> numbers_;
    CheckpointTable table_;
    std::string buffer_;  // of the lines being read
    std::uint64_t next_number_ = 1;
    std::uint64_t next_pack_ = 1;
    bool dirty_ = false;
    bool urgent_ = false;  // acknowledged since: save soon
    bool opened_ = false;  // new starting points: save before anything is read from there
    MonoTime saved_at_{};
};

}  // namespace spillway::agent
