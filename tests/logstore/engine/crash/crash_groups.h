// Who writes what. Every LogGroup follows from its writer and number alone, so a reader can tell
// one that is whole from one that is not by comparing bytes.
#pragma once

#include "logstore/model/logstore.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::crash {

struct Writer {
    std::uint32_t id = 0;
    LogstoreRef store;
    std::optional<RouteKey> key;  ///< with one: a fence, and one shard at a time
};

struct Plan {
    std::vector<LogstoreRef> stores;
    std::vector<std::uint32_t> shard_counts;  ///< by store, at the begin
    std::vector<Writer> writers;
};

Plan make_plan();
/// The LogGroup's bytes: 1 to 12 logs, mostly a few hundred bytes, at times 100 KB.
std::string group_bytes(std::uint32_t writer, std::uint64_t number);
/// As it is put: in one of three codecs, with the writer's key and a sequence id.
Batch batch_of(const Writer& writer, std::uint64_t number);

/// How many groups the put that begins with `number` has. They are numbered on, and are stored all
/// or none.
std::uint64_t put_size(std::uint64_t number);

struct GroupName {
    std::uint32_t writer = 0;
    std::uint64_t number = 0;
};
/// Whose group this says it is; nothing when it says none.
std::optional<GroupName> name_of(std::string_view group);

}  // namespace spillway::crash
