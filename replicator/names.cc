// Names of the door's enumerations, and its small pure helpers.

#include "replicator/replicator.h"

namespace spillway::replicator {
namespace {

template <class Enum, std::size_t Count>
std::optional<Enum> parse(std::string_view text, const Enum (&all)[Count]) {
    for (const Enum one : all) {
        if (name_of(one) == text) return one;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(OnBadRecord policy) {
    switch (policy) {
        case OnBadRecord::DeadLetter:
            return "dead_letter";
        case OnBadRecord::Drop:
            return "drop";
        case OnBadRecord::Block:
            return "block";
    }
    return "";
}

std::string_view name_of(OnGap policy) {
    return policy == OnGap::Stop ? "stop" : "skip_and_record";
}

std::string_view name_of(Delivery delivery) {
    return delivery == Delivery::ExactlyOnce ? "exactly_once" : "at_least_once";
}

std::string_view name_of(LinkState state) {
    switch (state) {
        case LinkState::Starting:
            return "starting";
        case LinkState::Replicating:
            return "replicating";
        case LinkState::Paused:
            return "paused";
        case LinkState::Draining:
            return "draining";
        case LinkState::Faulted:
            return "faulted";
    }
    return "";
}

std::optional<OnBadRecord> parse_on_bad_record(std::string_view text) {
    return parse(text, {OnBadRecord::DeadLetter, OnBadRecord::Drop, OnBadRecord::Block});
}

std::optional<OnGap> parse_on_gap(std::string_view text) {
    return parse(text, {OnGap::SkipAndRecord, OnGap::Stop});
}

std::optional<Order> parse_order(std::string_view text) {
    if (text == "per_source") return Order::PerSource;
    if (text == "per_shard") return Order::PerShard;
    return std::nullopt;
}

std::optional<Delivery> parse_delivery(std::string_view text) {
    return parse(text, {Delivery::ExactlyOnce, Delivery::AtLeastOnce});
}

bool is_copied_up_to(const LinkStatus& status, ShardId shard, const Cursor& end) {
    for (const ShardState& state : status.shards) {
        if (state.shard != shard) continue;
        if (state.drained || state.checkpoint == end) return true;
        const auto at = state.checkpoint.position();
        const auto wanted = end.position();
        return at && wanted && *at >= *wanted;
    }
    return false;
}

}  // namespace spillway::replicator
