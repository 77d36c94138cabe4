#include "daemon/link_json.h"

namespace spillway::daemon {

namespace {

template <class Number>
json::value or_null(const std::optional<Number>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::value time_or_null(const std::optional<WallTime>& at) {
    return at ? json::value(rfc3339(*at)) : json::value(nullptr);
}

json::value error_or_null(const std::optional<Error>& error) {
    if (!error) return nullptr;
    return json::object{{"code", name_of(error->code)}, {"message", error->to_string()}};
}

json::object lag_json(const replicator::Lag& lag) {
    return {{"logs", or_null(lag.logs)},
            {"bytes", or_null(lag.bytes)},
            {"seconds", or_null(lag.seconds)},
            {"stalled", lag.stalled}};
}

json::object totals_json(const replicator::LinkTotals& totals) {
    return {{"logs_read", totals.logs_read},
            {"logs_written", totals.logs_written},
            {"logs_filtered", totals.logs_filtered},
            {"logs_looped", totals.logs_looped},
            {"logs_dead", totals.logs_dead},
            {"logs_in_flight", totals.logs_in_flight},
            {"bytes_read_raw", totals.bytes_read_raw},
            {"bytes_read_wire", totals.bytes_read_wire},
            {"bytes_written_raw", totals.bytes_written_raw},
            {"bytes_written_wire", totals.bytes_written_wire},
            {"batches_written", totals.batches_written},
            {"duplicates_suppressed", totals.duplicates_suppressed},
            {"gaps", totals.gaps}};
}

json::object shard_json(const replicator::ShardState& shard) {
    return {{"shard", shard.shard.value()},
            {"read_only", shard.read_only},
            {"drained", shard.drained},
            {"waiting", shard.waiting},
            {"faulted", shard.faulted},
            {"checkpoint", shard.checkpoint.str()},
            {"source_end",
             shard.source_end ? json::value(shard.source_end->str()) : json::value(nullptr)},
            {"at_end_time", time_or_null(shard.at_end_time)},
            {"lag", lag_json(shard.lag)},
            {"last_ack", time_or_null(shard.last_ack)},
            {"source_seen", time_or_null(shard.source_seen)},
            {"last_error", error_or_null(shard.last_error)}};
}

}  // namespace

json::object link_json(const LinkSpec& spec, const replicator::LinkStatus& status) {
    json::array shards;
    for (const auto& shard : status.shards) shards.push_back(shard_json(shard));
    return {{"name", spec.name},
            {"source", spec.source},
            {"target", spec.target},
            {"state", replicator::name_of(status.state)},
            {"delivery", replicator::name_of(status.delivery)},
            {"delivery_reason", status.delivery_reason},
            {"lag", lag_json(status.lag)},
            {"rpo_seconds", or_null(status.rpo_seconds)},
            {"last_ack", time_or_null(status.last_ack)},
            {"source_seen", time_or_null(status.source_seen)},
            {"last_error", error_or_null(status.last_error)},
            {"drained", status.drained},
            {"dead_letters_held", status.dead_letters_held},
            {"totals", totals_json(status.totals)},
            {"shards", std::move(shards)}};
}

}  // namespace spillway::daemon
