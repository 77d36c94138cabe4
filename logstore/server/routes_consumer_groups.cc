#include "base/text.h"
#include "logstore/server/routes.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>

namespace spillway::server {

namespace {

using engine::Engine;

Error json_info_invalid(const Error& error) {
    return wire::service_error("JsonInfoInvalid", error.message);
}

ConsumerGroupName group_of(const Call& call) {
    return ConsumerGroupName(call.arguments.at(1));
}

Answer create_group(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return json_info_invalid(body.error());
    ConsumerGroupInfo group;
    if (auto read = wire::read_consumer_group(*body, group); !read) {
        return json_info_invalid(read.error());
    }
    return answer_of(engine.create_consumer_group(call.logstore(), group));
}

Answer update_group(Engine& engine, Call& call) {
    auto groups = engine.consumer_groups(call.logstore());
    if (!groups) return std::move(groups).error();
    const auto name = group_of(call);
    const auto known =
        std::find_if(groups->begin(), groups->end(),
                     [&](const ConsumerGroupInfo& group) { return group.name == name; });
    if (known == groups->end()) {
        return wire::service_error(
            "ConsumerGroupNotExist",
            "consumer group " + to_valid_utf8(name.str()) + " does not exist");
    }
    auto body = call.body_object();
    if (!body) return json_info_invalid(body.error());
    if (!body->contains("timeout") && !body->contains("order")) {
        return wire::service_error("JsonInfoInvalid", "the body has neither timeout nor order");
    }
    if (auto read = wire::read_consumer_group(*body, *known); !read) {
        return json_info_invalid(read.error());
    }
    known->name = name;
    return answer_of(engine.update_consumer_group(call.logstore(), *known));
}

Answer delete_group(Engine& engine, Call& call) {
    return answer_of(engine.delete_consumer_group(call.logstore(), group_of(call)));
}

Answer list_groups(Engine& engine, Call& call) {
    auto groups = engine.consumer_groups(call.logstore());
    if (!groups) return std::move(groups).error();
    return json_answer(json::value(wire::consumer_groups_json(*groups)));
}

Answer heartbeat(Engine& engine, Call& call, const ConsumerName& consumer) {
    if (consumer.empty()) {
        return wire::service_error("ParameterInvalid", "a heartbeat names its consumer");
    }
    auto body = call.body_json();
    if (!body) return json_info_invalid(body.error());
    auto held = wire::parse_shard_ids(*body);
    if (!held) return json_info_invalid(held.error());
    auto assigned = engine.heartbeat(call.logstore(), group_of(call), consumer, *held);
    if (!assigned) return std::move(assigned).error();
    return json_answer(json::value(wire::shard_ids_json(*assigned)));
}

Answer save_checkpoint(Engine& engine, Call& call, const ConsumerName& consumer) {
    auto body = call.body_object();
    if (!body) return json_info_invalid(body.error());
    auto checkpoint = wire::parse_save_checkpoint(*body);
    if (!checkpoint) return json_info_invalid(checkpoint.error());
    const bool force = call.flag("forceSuccess") || consumer.empty();
    return answer_of(engine.save_checkpoint(call.logstore(), group_of(call), consumer,
                                            checkpoint->shard, checkpoint->cursor, force));
}

Answer post_group(Engine& engine, Call& call) {
    const auto type = call.parameter_or("type", "");
    const ConsumerName consumer(call.parameter_or("consumer", ""));
    if (type == "heartbeat") return heartbeat(engine, call, consumer);
    if (type == "checkpoint") return save_checkpoint(engine, call, consumer);
    return wire::service_error("ParameterInvalid", "type must be heartbeat or checkpoint");
}

Answer get_checkpoints(Engine& engine, Call& call) {
    auto all = engine.checkpoints(call.logstore(), group_of(call));
    if (!all) return std::move(all).error();
    if (call.parameter("shard")) {
        auto wanted = call.number("shard", 0);
        if (!wanted) return std::move(wanted).error();
        std::erase_if(*all, [&](const ShardCheckpoint& checkpoint) {
            return checkpoint.shard.value() != *wanted;
        });
    }
    return json_answer(json::value(wire::checkpoints_json(*all)));
}

}  // namespace

std::vector<Route> consumer_group_routes() {
    constexpr std::string_view kGroups = "/logstores/{}/consumergroups";
    constexpr std::string_view kGroup = "/logstores/{}/consumergroups/{}";
    return {
        {"POST", kGroups, "CreateConsumerGroup", Scope::Project, plain(create_group)},
        {"GET", kGroups, "ListConsumerGroup", Scope::Project, plain(list_groups)},
        {"PUT", kGroup, "UpdateConsumerGroup", Scope::Project, plain(update_group)},
        {"DELETE", kGroup, "DeleteConsumerGroup", Scope::Project, plain(delete_group)},
        {"POST", kGroup, "ConsumerGroupPost", Scope::Project, plain(post_group)},
        {"GET", kGroup, "GetCheckPoint", Scope::Project, plain(get_checkpoints)},
    };
}

}  // namespace spillway::server
