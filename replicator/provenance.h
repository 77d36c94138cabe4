// Where a copied LogGroup comes from, as one group tag that every reader of the target can
// understand:
//
//   __spillway_origin__ = "v1 link=app-hz-to-sh shard=3
//   cursor=1700000000000000005-1700000000000000009
//                          epoch=1 hops=1"
//
// `cursor` is the range of source positions (a cursor's number) whose groups of this topic, source
// and tags are inside. Words that follow only where they say something: `part=2/3` when one source
// group had to be cut, `nth=2` for the second write of the same range, `via=a,b` the links that
// copied it before, oldest first. Readers skip words they do not know. Data without the tag was
// written directly. Pure functions; any thread.
#pragma once

#include "logstore/model/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::replicator {

inline constexpr std::string_view kOriginTag = "__spillway_origin__";

struct Provenance {
    std::string link;
    ShardId shard;
    std::int64_t first = 0;  ///< position of the first source group inside
    std::int64_t last = 0;   ///< and of the last, inclusive
    std::uint64_t epoch = 1;
    std::uint32_t hops = 1;   ///< how many links it has passed, this one included
    std::uint32_t part = 1;   ///< which piece of a group that was cut ...
    std::uint32_t parts = 1;  ///< ... into so many
    std::uint32_t nth = 1;    ///< of several writes with the same topic, source, tags and range
    std::vector<std::string> via;
    bool late = false;  ///< written outside its page: a replayed dead letter
    bool operator==(const Provenance&) const = default;
};

std::string format_provenance(const Provenance& provenance);
/// Nothing when the text is not of this form or lacks link, shard or cursor.
std::optional<Provenance> parse_provenance(std::string_view text);

/// True when the data already went through that link.
bool passed_link(const Provenance& provenance, std::string_view link);

}  // namespace spillway::replicator
