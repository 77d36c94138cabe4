// The keys of the StateStore and what is under them. Every write that acts for an operation is
// fenced by the pair's revision: a controller that slept through a takeover is refused.
//
//   pair/<pair>                       who is active, at which epoch, under which operation
//   op/<pair>/<id>                    the operation with its frozen plan
//   op/<pair>/<id>/j/<number>         its journal: written once each, chained by hash
//   cut/<pair>/<epoch>/<what>         how far things were at a moment: written once
//   obl/<pair>/<epoch>/<kind>         what is still owed
//   report/<pair>/<epoch>/<version>   written once
//
// Thread-safe.
#pragma once

#include "base/storage/state_store.h"
#include "switchover/types.h"

namespace spillway::switchover {

/// A value and the commit that put it; 0: the store has none, and the value is the fallback.
template <class T>
struct Stored {
    T value;
    Revision revision = 0;
};

class Records {
  public:
    explicit Records(StateStore& store) : store_(store) {}

    /// A pair that was never switched has epoch 1 and `first` active.
    Result<Stored<PairRecord>> pair(const PairName& pair, const RegionName& first);

    /// Without the journal. Errors: NotFound.
    Result<Stored<Operation>> operation(const PairName& pair, const OperationId& id);
    /// Newest first, without journals.
    Result<std::vector<Operation>> operations(const PairName& pair);
    Result<std::vector<JournalRecord>> journal(const PairName& pair, const OperationId& id);

    /// The pair and the operation appear together, or neither. Errors: Conflict.
    Status claim(const Stored<PairRecord>& seen, const PairName& pair, const PairRecord& next,
                 const Operation& operation, const JournalRecord& first);
    /// The hash of the newest journal line of the pair; empty: there is none.
    Result<std::string> last_hash(const PairName& pair, const OperationId& newest);
    /// Checks every line of every operation of the pair, and that no operation is missing.
    Result<AuditResult> audit(const PairName& pair, const PairRecord& record);
    /// Replaces the pair record. Errors: Conflict.
    Result<Revision> move_pair(const PairName& pair, const Stored<PairRecord>& seen,
                               const PairRecord& next);
    /// Fenced by the pair's revision and the operation's own. Errors: Conflict.
    Result<Revision> save(const Stored<Operation>& operation, Revision pair_seen);
    /// Operation and pair change together, or neither; whatever acts under the pair's old revision
    /// is refused from then on.
    Status finish(const Stored<Operation>& operation, const Stored<PairRecord>& pair_seen,
                  const PairRecord& pair_next);
    /// Adds the next line; fills in `number` and `hash`. Errors: Conflict (another controller
    /// wrote).
    Status append(const Operation& operation, std::vector<JournalRecord>& journal,
                  JournalRecord record, Revision pair_seen);

    /// The object under cut/<pair>/<epoch>/<what>; written only if there is none yet. Returns what
    /// is there now, whoever wrote it.
    Result<json::object> write_once(const PairName& pair, Epoch epoch, std::string_view what,
                                    const json::object& object);
    Result<std::optional<json::object>> cut(const PairName& pair, Epoch epoch,
                                            std::string_view what);

    Result<std::vector<Stored<Obligation>>> obligations(const PairName& pair);
    /// Opens it, unless it is there already.
    Status open(const Obligation& obligation);
    Status save(const Stored<Obligation>& obligation);
    /// Closes the obligation, stores the final report and moves the pair, in one commit.
    Status settle(const Stored<Obligation>& obligation, const Report& report,
                  const Stored<PairRecord>& pair_seen, const PairRecord& pair_next);

    Status save_first(const Report& report);
    /// The final one if there is one. Errors: NotFound.
    Result<Report> report(const PairName& pair, Epoch epoch);

  private:
    StateStore& store_;
};

/// Index of the first step that is not done, told by the journal alone: Done moves on, a failure
/// that was put back rewinds to the step its detail names.
int next_step(const std::vector<JournalRecord>& journal);

/// Hex SHA-256 over the previous line's hash and this line. `previous` empty: the first line.
std::string chain_hash(const std::string& previous, const JournalRecord& record);
/// The number of the first line that does not follow from the one before; nothing: intact. A
/// journal goes on from the last line of the operation before it: `previous` is that line's hash.
std::optional<std::uint32_t> first_broken(const std::vector<JournalRecord>& journal,
                                          const std::string& previous = {});

}  // namespace spillway::switchover
