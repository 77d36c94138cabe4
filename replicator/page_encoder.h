// From a page as it was read to the writes that copy it. A pure function of its arguments: after a
// crash the same page gives the same writes, with the same lanes and in the same order, which is
// what makes the target's fence an exact answer. Any thread.
//
// Groups with equal topic, source and tags are merged up to the batch limits; within such a source
// the order of logs is the order of the page. A group above the limits is cut into parts.
//
// Where every group stays as it is but for its tags, and the page is at hand as the block that was
// pulled, writes are cut out of that block and never compressed again: what they decode to is the
// same.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "logstore/model/logstore.h"
#include "replicator/dead_letter.h"
#include "replicator/provenance.h"
#include "replicator/record_sum.h"
#include "replicator/replicator.h"
#include "replicator/rule.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace spillway::replicator {

/// A stretch of a source shard, uncompressed.
struct SourcePage {
    std::string raw;                      ///< a LogGroupList
    std::string block;                    ///< the same as one LZ4 block; empty: not at hand
    std::vector<std::int64_t> positions;  ///< of each group
};

struct EncodeSettings {
    std::string link;
    ShardId shard;
    std::uint64_t epoch = 1;
    std::uint32_t hops_max = 3;
    std::set<std::string> refuse_links;
    std::vector<std::string> targets;  ///< names; the first is the default
    std::uint64_t bytes_max = 0;
    std::uint32_t logs_max = 0;
    std::uint32_t lanes = 1;
    Order order = Order::PerSource;
    bool late = false;  ///< outside its page: said so in the provenance
    /// Below it, on average, small groups are worth more compressed together than cut out as they
    /// came. Changes what a write costs, never what it decodes to.
    std::size_t cut_group_bytes_min = 32 * 1024;
};

/// One write.
struct OutBatch {
    std::size_t target = 0;  ///< index in EncodeSettings::targets
    std::uint32_t lane = 0;
    std::uint32_t index = 0;  ///< in the page; rises within each lane
    std::string body;   ///< one LogGroup with its provenance tag; empty where only `block` was made
    std::string block;  ///< the same, LZ4; empty until it is needed where there is a body
    std::uint64_t raw_bytes = 0;  ///< of the body, uncompressed
    std::uint32_t logs = 0;
    RecordSum sum;  ///< of its logs, for the ledger
    Provenance provenance;
    std::uint64_t origin_digest = 0;  ///< of topic, source and tags: see origin_digest()
};

/// Writes of one page that the target already holds, found by their provenance tags.
class LandedSet {
  public:
    void add(std::uint64_t origin_digest, const Provenance& provenance);
    bool holds(const OutBatch& batch) const;
    std::size_t size() const { return landed_.size(); }

  private:
    using Identity = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t,
                                std::uint32_t, std::uint32_t, std::uint32_t>;
    static Identity identity_of(std::uint64_t origin_digest, const Provenance& provenance);
    std::set<Identity> landed_;
};

struct EncodedPage {
    std::vector<OutBatch> batches;
    std::vector<DeadRecord> dead;
    std::uint64_t logs_read = 0;
    std::uint64_t logs_filtered = 0;  ///< by the rule, and loops
    std::uint64_t logs_looped = 0;
};

/// Errors: Corrupt when the page is not a LogGroupList, or its groups are not as many as
/// `positions`.
Result<EncodedPage> encode_page(const SourcePage& page, const Rule& rule, WallTime now,
                                const EncodeSettings& settings);

/// The body, whichever form the write has. A block that does not decode comes as it is.
std::string raw_body(const OutBatch& batch);

/// Of topic, source and tags, whatever their order, without the tags that a store adds by itself
/// (provenance, client address, receive time). Errors: Corrupt.
Result<std::uint64_t> origin_digest(std::string_view group);

/// The group without its provenance tag. What is no LogGroup comes back as it is.
std::string without_provenance(std::string_view group);

}  // namespace spillway::replicator
