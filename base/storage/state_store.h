// Where everything that decides who is in charge is kept: pairs, epochs, journals, cuts,
// checkpoints. A small key-value store with compare-and-swap, shaped so that etcd can serve it.
// Thread-safe.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

/// Rises with every commit of the whole store; 0 means "absent".
using Revision = std::uint64_t;

struct StoredValue {
    std::string key;
    std::string value;
    Revision created = 0;   ///< the commit that first put it
    Revision modified = 0;  ///< the commit that last put it
    bool operator==(const StoredValue&) const = default;
};

/// Holds when the key's `modified` equals `expected` (0: the key is absent).
struct StateCompare {
    std::string key;
    Revision expected = 0;
};

/// Nothing as value deletes the key.
struct StateWrite {
    std::string key;
    std::optional<std::string> value;
};

class StateStore {
  public:
    virtual ~StateStore() = default;

    virtual Result<std::optional<StoredValue>> get(std::string_view key) = 0;
    /// Sorted by key.
    virtual Result<std::vector<StoredValue>> list(std::string_view prefix) = 0;
    /// All compares hold and all writes are durable, or nothing changed.
    /// Errors: Conflict (a compare failed; the message names the key), Exhausted, Corrupt,
    /// Unavailable.
    virtual Result<Revision> commit(const std::vector<StateCompare>& compares,
                                    const std::vector<StateWrite>& writes) = 0;

    /// Unconditional write of one key.
    Result<Revision> put(std::string_view key, std::string_view value) {
        return commit({}, {{std::string(key), std::string(value)}});
    }
};

/// One process at a time: a lock file beside the database refuses a second one (Conflict, names its
/// pid).
Result<std::unique_ptr<StateStore>> open_sqlite_state_store(const std::string& path);
std::unique_ptr<StateStore> make_memory_state_store();

}  // namespace spillway
