// Records that cannot be copied, kept in the state store together with the checkpoint that passes
// them: neither can be there without the other, and a repeated page writes the same keys again.
// Key: link/<name>/dead/<shard>/<position>.<log>; the value names cause, rule and target, and holds
// the record as an encoded LogGroup, so that it can be shown and put again.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/storage/state_store.h"
#include "logstore/model/names.h"
#include "replicator/checkpoint.h"
#include "replicator/dead_letter.h"

#include <string>
#include <vector>

namespace spillway::replicator {

StateWrite dead_letter_write(const LinkKeys& keys, ShardId shard, const DeadRecord& record,
                             const std::string& rule_digest, WallTime now);

/// Sorted by shard and position. Errors: Corrupt, naming the key.
Result<std::vector<DeadLetter>> list_dead_letters(StateStore& state, const std::string& link);
/// Takes one out, once it was replayed or given up. Errors: NotFound.
Status remove_dead_letter(StateStore& state, const std::string& link, const std::string& id);

}  // namespace spillway::replicator
