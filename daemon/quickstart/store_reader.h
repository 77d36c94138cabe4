// Reads a Logstore from its beginning, shard by shard, and hands over every record that a collector
// read from a file (canaries and beacons have no file and are passed over). One owner at a time;
// calls may block on the region.
#pragma once

#include "daemon/quickstart/file_ledger.h"
#include "logstore/model/logstore_api.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::daemon::quickstart {

/// Which file a record comes from. Inodes alone would do on one machine; agents run on many.
struct FileId {
    std::string source;  ///< of the LogGroup: the agent's address
    std::uint64_t inode = 0;
    auto operator<=>(const FileId&) const = default;
};

/// One record; views live as long as the call they are handed over in.
struct StoredRecord {
    FileId file;
    std::string_view path;
    Arrival arrival;
    bool after_mark = false;
};

/// Where each shard ended at some moment.
using Marks = std::map<ShardId, Cursor>;

class StoreReader {
  public:
    using Visitor = std::function<void(const StoredRecord&)>;

    StoreReader(LogSource& source, LogstoreRef ref) : source_(source), ref_(std::move(ref)) {}

    /// Hands over what is new; true when every shard was read to its end. Repeats nothing it handed
    /// over before an error. Errors: those of LogSource; Corrupt when a page is not a LogGroupList.
    Result<bool> poll(const Visitor& visit);
    /// Records from these marks on are told as such; replicated ones count as late.
    void set_marks(Marks marks) { marks_ = std::move(marks); }
    /// Of every shard: its end now, or where data begins that it received at or after some second.
    static Result<Marks> marks(LogSource& source, const LogstoreRef& ref, const CursorSeek& seek);

  private:
    Result<bool> poll_shard(ShardId shard, const Visitor& visit);

    LogSource& source_;
    LogstoreRef ref_;
    std::map<ShardId, Cursor> next_;
    std::optional<Marks> marks_;
};

/// Hands over the file records of one encoded LogGroup. Errors: Corrupt.
Status visit_records(std::string_view group, std::uint64_t shard_lane, bool after_mark,
                     const StoreReader::Visitor& visit);

}  // namespace spillway::daemon::quickstart
