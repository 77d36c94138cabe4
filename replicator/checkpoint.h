// What a link remembers about a source shard, as one value that is saved at once: where to read
// next, the page that is under way (the intent), and which life of the shard it belongs to.
//
// Keys in the state store: link/<name> (what the link copies), link/<name>/shard/<id>,
// link/<name>/rule/<digest>, link/<name>/gap/..., link/<name>/dead/..., link/<name>/ledger/...
#pragma once

#include "base/result.h"
#include "base/storage/state_store.h"
#include "logstore/model/logstore.h"
#include "replicator/replicator.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway::replicator {

/// Written down before anything of a page is sent: all that its writes are a function of. After a
/// crash exactly this range is read again and gives exactly these writes.
struct Intent {
    Cursor from;
    Cursor to;  ///< exclusive
    std::uint64_t page_number =
        0;  ///< rises with each page of the shard: upper part of its sequence ids
    std::int64_t now_unix_ns = 0;  ///< what the rule saw as the time
    std::string rule_digest;
    std::string settings_digest;  ///< of what else decides which groups are copied
    std::uint64_t bytes_max = 0;
    std::uint32_t logs_max = 0;
    std::uint32_t lanes = 1;
    /// The page was numbered anew: its writes may be in the target under older numbers, look before
    /// sending.
    bool look_first = false;
    bool operator==(const Intent&) const = default;
};

struct ShardRecord {
    ShardId shard;
    Cursor checkpoint;  ///< next to read; everything before it is acknowledged, skipped or recorded
                        ///< as a gap
    bool drained = false;
    std::uint64_t page_number = 0;  ///< of the last intent
    std::optional<Intent> intent;
    // Identity of the shard this belongs to.
    std::int64_t created_unix_s = 0;
    std::string begin_key;
    std::string end_key;
    bool operator==(const ShardRecord&) const = default;

    bool is_of(const Shard& shard_now) const;
};

std::string encode_record(const ShardRecord& record);
/// Errors: Corrupt, with the reason.
Result<ShardRecord> decode_record(ShardId shard, std::string_view text);

/// A record and the revision it was read or written at.
struct SavedRecord {
    ShardRecord record;
    Revision revision = 0;
};

/// Keys of a link.
class LinkKeys {
  public:
    explicit LinkKeys(std::string link) : root_("link/" + std::move(link)) {}
    std::string link() const { return root_; }
    std::string shards() const { return root_ + "/shard/"; }
    std::string shard(ShardId id) const;
    std::string rule(const std::string& digest) const { return root_ + "/rule/" + digest; }
    std::string gaps() const { return root_ + "/gap/"; }
    std::string gap(const GapRecord& gap) const;
    std::string dead() const { return root_ + "/dead/"; }
    std::string ledger() const { return root_ + "/ledger/"; }

  private:
    std::string root_;
};

/// Reads and saves shard records, by compare-and-swap: a record that someone else moved is never
/// overwritten. Any thread; one shard by one thread at a time.
class CheckpointStore {
  public:
    CheckpointStore(StateStore& state, std::string link) : state_(state), keys_(std::move(link)) {}

    const LinkKeys& keys() const { return keys_; }
    /// Errors: Corrupt, naming the key.
    Result<std::map<ShardId, SavedRecord>> load_all();
    Result<std::optional<SavedRecord>> load(ShardId shard);
    /// Saves the record and `with` in one commit; `revision` 0 where there is none yet.
    /// Errors: Conflict when the record moved since; Exhausted; Unavailable.
    Result<Revision> save(const ShardRecord& record, Revision revision,
                          std::vector<StateWrite> with = {});

  private:
    StateStore& state_;
    LinkKeys keys_;
};

std::string encode_gap(const GapRecord& gap);
Result<GapRecord> decode_gap(std::string_view text);

}  // namespace spillway::replicator
