// The books of a link: for each source shard and minute what was read, what became of it, and an
// order-free digest of what the target acknowledged. They are saved in the same commit as the
// checkpoint, so they tell of exactly the pages before it. Read back against the target (verify.h)
// they show loss, doubling and change of single records; a loss and a doubling cannot cancel out.
// Values and pure functions; any thread.
#pragma once

#include "base/result.h"
#include "logstore/model/names.h"
#include "replicator/checkpoint.h"
#include "replicator/record_sum.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::replicator {

struct LedgerEntry {
    ShardId shard;
    std::int64_t minute =
        0;                   ///< Unix minutes, when its pages were begun, by our clock; never falls
    std::int64_t first = 0;  ///< source positions it covers, [first, past)
    std::int64_t past = 0;
    std::uint64_t logs_read = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t logs_filtered = 0;
    std::uint64_t logs_dead = 0;
    RecordSum acknowledged;
    std::string rule_digest;  ///< of its last page
    bool operator==(const LedgerEntry&) const = default;
};

std::string encode_entry(const LedgerEntry& entry);
Result<LedgerEntry> decode_entry(std::string_view text);
std::string ledger_key(const LinkKeys& keys, ShardId shard, std::int64_t minute);

/// How long entries are kept; a verify cannot look further back.
inline constexpr std::int64_t kLedgerMinutes = std::int64_t{14} * 24 * 60;

/// One shard's entries that are not saved yet. One owner.
class ShardLedger {
  public:
    ShardLedger(const LinkKeys& keys, ShardId shard) : keys_(keys), shard_(shard) {}

    /// Goes on with the newest entry of an earlier life.
    Status load(StateStore& state);
    /// `minute` may lie before the last page's when the clock jumped: it is then counted there.
    void add(std::int64_t minute, const LedgerEntry& page);
    /// What a commit has to write; keeps it until saved().
    std::vector<StateWrite> writes() const;
    void saved();
    /// The commit did not happen and another record was taken up.
    void forget();

  private:
    const LinkKeys keys_;
    const ShardId shard_;
    LedgerEntry current_;  // minute 0: none yet
    std::map<std::int64_t, LedgerEntry> unsaved_;
};

/// Entries of all shards with minutes in [from, to], by shard and minute. Errors: Corrupt.
Result<std::vector<LedgerEntry>> read_ledger(StateStore& state, const std::string& link,
                                             std::int64_t from_minute, std::int64_t to_minute);

}  // namespace spillway::replicator
