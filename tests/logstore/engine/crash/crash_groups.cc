#include "crash_groups.h"

#include "base/result.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <random>

namespace spillway::crash {

Plan make_plan() {
    Plan plan;
    const ProjectName project("crash-project");
    for (const std::uint32_t shards : {1U, 2U, 4U}) {
        plan.stores.push_back({project, LogstoreName("store-" + std::to_string(shards))});
        plan.shard_counts.push_back(shards);
    }
    const auto add = [&](std::size_t store, std::optional<RouteKey> key) {
        const auto id = static_cast<std::uint32_t>(plan.writers.size());
        plan.writers.push_back({id, plan.stores[store], std::move(key)});
    };
    for (std::size_t store = 0; store < plan.stores.size(); ++store) {
        for (const auto* key : {"0", "7f", "c"}) add(store, RouteKey(key));
        add(store, std::nullopt);
    }
    return plan;
}

std::string group_bytes(std::uint32_t writer, std::uint64_t number) {
    std::mt19937_64 random(number * 1'000 + writer);
    wire::LogGroupWriter group;
    const auto logs = 1 + random() % 12;
    for (std::uint64_t i = 0; i < logs; ++i) {
        group.begin_log(1'700'000'000);
        group.content("writer", std::to_string(writer));
        group.content("number", std::to_string(number));
        std::string padding(random() % 40, 'p');
        if (random() % 200 == 0) padding.resize(100'000, 'q');
        for (auto& c : padding) c = static_cast<char>('a' + random() % 26);
        group.content("padding", padding);
        group.end_log();
    }
    return group.take();
}

Batch batch_of(const Writer& writer, std::uint64_t number) {
    constexpr Codec kCodecs[] = {Codec::Lz4, Codec::None, Codec::Zstd};
    Batch batch;
    batch.body = group_bytes(writer.id, number);
    batch.raw_bytes = batch.body.size();
    batch.codec = kCodecs[number % 3];
    if (batch.codec != Codec::None) {
        auto compressed = wire::compress(batch.codec, batch.body);
        SPILLWAY_INVARIANT(compressed.has_value(), "a group cannot be compressed");
        batch.body = *std::move(compressed);
    }
    if (writer.key) {
        batch.route_key = writer.key;
        batch.sequence_id = SequenceId(number + 1);
    }
    return batch;
}

std::uint64_t put_size(std::uint64_t number) {
    return number % 7 == 3 ? 5 : 1;
}

std::optional<GroupName> name_of(std::string_view bytes) {
    const auto group = wire::LogGroupView::parse(bytes);
    if (!group) return std::nullopt;
    std::optional<GroupName> name;
    group->for_each_log([&](const wire::LogView& log) {
        const auto writer = parse_uint(log.find("writer").value_or(""));
        const auto number = parse_uint(log.find("number").value_or(""));
        if (writer && number) name = GroupName{static_cast<std::uint32_t>(*writer), *number};
        return false;
    });
    return name;
}

}  // namespace spillway::crash
