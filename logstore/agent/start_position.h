// Where the reading of a file begins. Pure; any thread.
#pragma once

#include <cstdint>

namespace spillway::agent {

enum class StartKind { Checkpoint, Beginning, Tail };

struct StartFacts {
    bool has_checkpoint = false;  ///< of this config and inode
    bool signature_fits = false;  ///< the file begins with the bytes the checkpoint knows
    std::uint64_t checkpoint_offset = 0;
    std::uint64_t size = 0;
    bool appeared_while_watching = false;  ///< the config's earlier scans did not see it
    bool born_while_followed = false;      ///< created after the config was first followed
    bool follows_known_file = false;       ///< another file of that path was collected: rotation
};

/// A file that is new under a config that was already being followed is read whole. A config that
/// comes to an existing file without checkpoint begins near its end: that is the real agent's rule,
/// and a trap.
StartKind choose_start(const StartFacts& facts);

}  // namespace spillway::agent
