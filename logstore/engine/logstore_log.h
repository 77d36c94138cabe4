// The log of one Logstore: records of all its shards in a row of segment files, and what is needed
// to find them again. Acknowledged means synced.
//
// Writing. Puts wait in a queue; one committer thread at a time takes all that wait and makes them
// a round: it checks the fence, gives out positions, writes every record with one call and syncs
// once. Only then positions, fence and index move, all together: a round that fails leaves no
// trace, and what waits meanwhile has been promised nothing. At most one round of a log is under
// way.
//
// Failures. No room: the round is cut off the file again, its puts fail with Exhausted, and the
// next round tries anew. A failed sync, or any other failed write: what the kernel holds is no
// longer known to be what is on the disk, so the round is cut off and the log stops acknowledging
// until it is opened again.
//
// Threads: enqueue and all readers, any; run_round, the committer's; see the mutexes for the rest.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "logstore/engine/engine_metrics.h"
#include "logstore/engine/file_cache.h"
#include "logstore/engine/segment_index.h"
#include "logstore/engine/segment_scan.h"
#include "logstore/engine/shard_map.h"
#include "logstore/engine/size_retention.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

namespace spillway::engine {

enum class SyncMode {
    Commit,    ///< every acknowledgement waits for its sync
    Interval,  ///< acknowledged when written; synced a few times a second
    None,      ///< acknowledged when written; the system syncs when it likes
};

struct LogSettings {
    std::uint64_t segment_bytes = 64ULL * 1024 * 1024;
    SyncMode sync = SyncMode::Commit;
};

/// What all logs of an engine share; outlives them.
struct LogContext {
    FileSystem& files;
    FileCache& cache;
    const Clock& clock;
    EventLog& events;
    EngineMetrics& metrics;
    LogSettings settings;
};

/// A LogGroup ready to be stored: checked, and in LZ4.
struct PreparedGroup {
    std::string block;
    std::uint32_t raw_bytes = 0;
    std::uint32_t log_count = 0;
    std::uint32_t last_sequence = 0;
    std::uint32_t block_crc = 0;
};

/// Stored whole or not at all. `done` is called once, from a committer thread; it must not block.
struct PutRequest {
    std::vector<PreparedGroup> groups;
    std::optional<HashKey> route_key;
    std::optional<std::uint64_t> sequence_id;
    std::function<void(Status)> done;

    std::size_t bytes() const;
};

/// Where a cleanly closed log ended: behind it there is nothing to look for.
struct CleanTail {
    std::uint64_t segment = 0;
    std::uint64_t tail = 0;
};

/// What the catalog knows of a log when it is opened.
struct LogStart {
    std::uint64_t id = 0;
    std::string name;  ///< "project/logstore", for messages
    std::string directory;
    std::vector<ShardEntry> shards;
    std::map<ShardId, std::int64_t> trimmed_to;  ///< positions before are gone
    FenceMap fences;                             ///< of records that are gone
    std::optional<CleanTail> clean_tail;
};

/// What retention takes away; to be made durable before the files go.
struct Trim {
    std::map<ShardId, std::int64_t> trimmed_to;
    FenceMap fences;
    std::vector<ShardId> emptied;  ///< read-only shards that hold nothing any more
};

struct ShardPositions {
    std::int64_t first = 0;  ///< oldest stored
    std::int64_t next = 0;   ///< of the next record to come
};

/// Consecutive records of one shard.
struct StoredRange {
    struct Block {
        std::size_t offset = 0;  ///< in `bytes`
        std::size_t size = 0;
        std::uint32_t raw_bytes = 0;
        std::uint32_t last_sequence = 0;
        std::int64_t receive_ns = 0;
    };
    std::string bytes;
    std::vector<Block> blocks;
    std::int64_t next = 0;  ///< behind the last block, and behind damaged records before the first
    bool at_end = false;

    std::string_view block(std::size_t i) const {
        return std::string_view(bytes).substr(blocks[i].offset, blocks[i].size);
    }
};

struct ReadLimits {
    std::optional<std::int64_t> end;  ///< exclusive
    std::uint32_t groups_max = kPullGroupsMax;
    std::uint64_t raw_bytes_max = kPutBytesMax;
    /// Of logs that compress well a page is full before; of others it would take much memory.
    std::uint64_t stored_bytes_max = 4 * 1024 * 1024;
};

struct ShardStats {
    ShardEntry shard;
    ShardPositions positions;
    std::uint64_t groups = 0;
    std::uint64_t logs = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t stored_bytes = 0;
};

struct LogStats {
    std::vector<ShardStats> shards;
    std::uint64_t segments = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t damaged = 0;
    std::uint64_t fence_keys = 0;
};

class LogstoreLog {
  public:
    /// Reads the segments' indexes and scans the last segment; cuts a torn tail.
    /// Errors: Corrupt, Unsupported (a later version's files), Exhausted, Refused.
    static Result<std::shared_ptr<LogstoreLog>> open(const LogContext& context, LogStart start);

    std::uint64_t id() const { return id_; }
    const std::string& directory() const { return directory_; }

    /// True when the caller must have run_round called; false when that is under way already.
    bool enqueue(PutRequest request);
    /// True when more is waiting: call again.
    bool run_round();
    /// For SyncMode::Interval.
    void sync_written();
    /// Closes the file it writes to until the next round. False when a round is under way.
    bool rest();

    std::vector<ShardEntry> shards() const;
    /// Errors of these: NotFound (ShardNotExist), OutOfRange (InvalidCursor), Unavailable.
    Result<ShardPositions> positions(ShardId shard) const;
    /// The first record received at or after that second; the end when there is none.
    Result<std::int64_t> position_at(ShardId shard, std::int64_t unix_s) const;
    Result<std::int64_t> receive_unix_s(ShardId shard, std::int64_t position) const;
    Result<StoredRange> read(ShardId shard, std::int64_t from, const ReadLimits& limits);

    /// Between two rounds: decides, makes the change durable through `persist`, then applies it.
    Result<ShardChange> change_shards(
        const std::function<Result<ShardChange>(const std::vector<ShardEntry>&)>& decide,
        const std::function<Status(const ShardChange&)>& persist);

    /// A read-only shard is no longer listed or served; its records go with their segments.
    /// Errors: NotFound (ShardNotExist), InvalidArgument (it still takes writes).
    Status remove_shard(ShardId shard, const std::function<Status()>& persist);

    /// Deletes the first segments, as long as their newest record was received before `receive_ns`
    /// or they hold nothing that can be read (their shards were deleted). Seals the active one
    /// where it would hold a segment's records much longer than that. `persist` makes durable what
    /// must outlive them. Returns how many went.
    Result<std::size_t> drop_before(std::int64_t receive_ns,
                                    const std::function<Status(const Trim&)>& persist);
    /// The same for sealed segments up to that number.
    Result<std::size_t> drop_through(std::uint64_t segment_number,
                                     const std::function<Status(const Trim&)>& persist);
    LogSize size() const;

    /// Takes no more puts; what waits fails. The log's files stay. Nothing when it cannot vouch for
    /// its tail.
    std::optional<CleanTail> close();
    /// After close(): removes the files.
    Status remove_files();

    LogStats stats() const;

  private:
    struct Segment {
        std::string data_path;
        std::string index_path;
        SegmentSummary sealed;                         ///< once `builder` is gone
        std::unique_ptr<SegmentIndexBuilder> builder;  ///< until the index file is written
        const SegmentSummary& summary() const { return builder ? builder->summary() : sealed; }
    };
    struct Round;
    struct Part;

    LogstoreLog(const LogContext& context, LogStart start);

    // logstore_log_open.cc
    Status recover();
    Status open_segment(const std::string& name, bool is_last);
    Status check_header(const Segment& segment, const SegmentHeader& named);
    Status rebuild(Segment& segment, const SegmentHeader& header, bool is_last);
    Status cut_tail(Segment& segment, File& file, const SegmentScan& scan);
    Status write_last_round_again(File& file, const SegmentScan& scan);
    void report_scan(const Segment& segment, const SegmentScan& scan, bool is_last);
    void count_shards();
    void pass_over_lost_positions(bool is_clean);
    void drop_given_up();

    // logstore_log.cc
    std::vector<PutRequest> take_queue();
    bool finish_round();
    void plan(Round& round);
    std::optional<Error> plan_one(Round& round, std::size_t request);
    std::optional<ShardId> choose_shard(const PutRequest& request);
    Status check_fence(const Round& round, const PutRequest& request) const;
    Status store(Round& round);
    bool has_active() const;
    Status wake();
    Status make_room(std::uint64_t bytes);
    Status write_round(Round& round);
    Status sync_active();
    void take_back(const Error& why);
    void publish(Round& round);
    void answer(Round& round, const Status& stored);
    Status seal_active();
    Status begin_segment();
    Result<std::size_t> drop_first(std::size_t count, std::int64_t receive_ns,
                                   const std::function<Status(const Trim&)>& persist);
    Result<Trim> plan_trim(std::size_t count, std::int64_t receive_ns);
    Status apply_trim(std::size_t count, const Trim& trim);
    bool is_over(const Segment& segment, std::int64_t receive_ns) const;
    bool should_seal(std::int64_t receive_ns) const;
    void note_disk_state(const Status& stored);

    // logstore_log_read.cc
    Result<Part> locate(ShardId shard, std::int64_t from, std::uint32_t count_max) const;
    Result<std::vector<IndexEntry>> entries_of(const Segment& segment, const ShardRun& run,
                                               std::uint32_t first, std::uint32_t count) const;
    Result<bool> append_part(const Part& part, ShardId shard, const ReadLimits& limits,
                             StoredRange& range);
    bool append_record(const Part& part, std::size_t entry, ShardId shard, std::string_view bytes,
                       std::size_t bytes_at, StoredRange& range);
    Error read_error(ShardId shard, std::int64_t from, const Error& why) const;
    void report_damaged(const Part& part, std::size_t entry, ShardId shard, std::string_view why);
    std::int64_t first_position(ShardId shard, std::int64_t next) const;

    const LogContext context_;
    const std::uint64_t id_;
    const std::string name_;
    const std::string directory_;

    // One of: a round, a shard change, retention, close. Guards the members up to the next mutex.
    std::mutex round_mutex_;
    std::shared_ptr<File> active_file_;  // of the last segment while it has a builder and is awake
    std::uint64_t reserved_ = 0;         // bytes of the active file that surely have room
    std::uint64_t next_segment_ = 1;
    std::uint64_t next_round_ = 1;
    std::size_t next_balanced_ = 0;  // round robin over shards for puts without a key
    std::int64_t last_receive_ns_ = 0;
    std::optional<Error> stopped_;  // why nothing is acknowledged any more
    bool disk_full_ = false;
    bool out_of_files_ = false;
    bool begins_anew_ = false;  // the next record goes into a new segment
    std::optional<CleanTail> clean_tail_;
    std::map<ShardId, std::int64_t> trimmed_to_;

    // Changed only under both mutexes; read under either.
    mutable std::shared_mutex state_mutex_;
    std::vector<ShardEntry> shards_;
    std::map<ShardId, std::int64_t> next_position_;
    std::vector<std::shared_ptr<Segment>> segments_;
    FenceMap fences_;

    std::mutex queue_mutex_;  // guards queue_, scheduled_, closed_
    std::deque<PutRequest> queue_;
    bool scheduled_ = false;
    bool closed_ = false;

    std::atomic<bool> unsynced_ = false;
    std::mutex reported_mutex_;                                   // guards reported_
    std::set<std::pair<std::uint64_t, std::uint32_t>> reported_;  // damaged records already logged
};

}  // namespace spillway::engine
