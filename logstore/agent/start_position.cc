#include "logstore/agent/start_position.h"

namespace spillway::agent {

StartKind choose_start(const StartFacts& facts) {
    if (facts.has_checkpoint) {
        // Other bytes, or fewer: the file was written anew since, so all of it is news.
        const bool same = facts.signature_fits && facts.checkpoint_offset <= facts.size;
        return same ? StartKind::Checkpoint : StartKind::Beginning;
    }
    const bool news =
        facts.appeared_while_watching || facts.born_while_followed || facts.follows_known_file;
    return news ? StartKind::Beginning : StartKind::Tail;
}

}  // namespace spillway::agent
