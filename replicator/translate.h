// From a place in the source to the matching place in the target, and back, by the provenance that
// every copied group carries: exact at any age, at most one LogGroup is read again. No answer
// rather than a wrong one. Blocks for as long as reading takes; any thread.
#pragma once

#include "replicator/replicator.h"

namespace spillway::replicator {

/// A reader that has consumed all source groups in front of `cursor` of `shard` goes on at these
/// places of the target, and misses nothing. Shards of the target that hold nothing later are at
/// their end. `since_unix_s`: receive time, at the target, from which to look; the copies must not
/// be older.
Result<std::vector<TranslatedCursor>> translate_to_target(LogSource& target, const LogstoreRef& ref,
                                                          const std::string& link,
                                                          std::int64_t since_unix_s, ShardId shard,
                                                          const Cursor& cursor);

/// A reader of the target that stands at `places` (one for each shard it reads) goes on at these
/// places of the source. Source shards of which nothing lies behind the places are at
/// `checkpoints`: all that was copied of them was read.
Result<std::vector<TranslatedCursor>> translate_to_source(
    LogSource& target, const LogstoreRef& ref, const std::string& link,
    const std::vector<TranslatedCursor>& places, const std::vector<TranslatedCursor>& checkpoints);

}  // namespace spillway::replicator
