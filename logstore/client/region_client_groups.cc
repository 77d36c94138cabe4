// Consumer groups.
#include "logstore/client/region_client_impl.h"
#include "logstore/wire/metadata_json.h"

namespace spillway::client {

namespace {

Ask groups_ask(std::string_view action, const LogstoreRef& ref, std::string_view method = "GET") {
    return {.action = action,
            .subject = ref.to_string(),
            .method = method,
            .project = ref.project,
            .path = {"logstores", ref.logstore.str(), "consumergroups"}};
}

Ask group_ask(std::string_view action, const LogstoreRef& ref, const ConsumerGroupName& group,
              std::string_view method = "GET") {
    Ask ask = groups_ask(action, ref, method);
    ask.subject += " consumer group " + group.str();
    ask.path.push_back(group.str());
    return ask;
}

}  // namespace

Status RegionClient::create_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return impl_->requests.send_only(with_json(
        groups_ask("create a consumer group in", ref, "POST"), wire::consumer_group_body(group)));
}

Status RegionClient::update_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return impl_->requests.send_only(
        with_json(group_ask("update", ref, group.name, "PUT"),
                  json::object{{"timeout", group.timeout.count()}, {"order", group.order}}));
}

Status RegionClient::delete_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& group) {
    return impl_->requests.send_only(group_ask("delete from", ref, group, "DELETE"));
}

Result<std::vector<ConsumerGroupInfo>> RegionClient::consumer_groups(const LogstoreRef& ref) {
    const Ask ask = groups_ask("list consumer groups of", ref);
    const auto value = impl_->requests.send_for_json(ask);
    if (!value) return value.error();
    auto parsed = wire::parse_consumer_groups(*value);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<std::vector<ShardId>> RegionClient::heartbeat(const LogstoreRef& ref,
                                                     const ConsumerGroupName& group,
                                                     const ConsumerName& consumer,
                                                     const std::vector<ShardId>& held) {
    Ask ask = group_ask("send a heartbeat to", ref, group, "POST");
    ask.query = {{"type", "heartbeat"}, {"consumer", consumer.str()}};
    const auto value = impl_->requests.send_for_json(with_json(ask, wire::shard_ids_json(held)));
    if (!value) return value.error();
    auto parsed = wire::parse_shard_ids(*value);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<std::vector<ShardCheckpoint>> RegionClient::checkpoints(const LogstoreRef& ref,
                                                               const ConsumerGroupName& group) {
    const Ask ask = group_ask("get checkpoints from", ref, group);
    const auto value = impl_->requests.send_for_json(ask);
    if (!value) return value.error();
    auto parsed = wire::parse_checkpoints(*value);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Status RegionClient::save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                                     const ConsumerName& consumer, ShardId shard,
                                     const Cursor& cursor, bool force) {
    Ask ask = group_ask("save a checkpoint in", ref, group, "POST");
    ask.query = {{"type", "checkpoint"},
                 {"consumer", consumer.str()},
                 {"forceSuccess", force ? "true" : "false"}};
    return impl_->requests.send_only(
        with_json(std::move(ask), wire::save_checkpoint_body(shard, cursor)));
}

}  // namespace spillway::client
