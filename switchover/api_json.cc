#include "switchover/api_json.h"

#include "base/text.h"
#include "switchover/codec.h"

namespace spillway::switchover {

namespace {

json::array texts(const std::vector<std::string>& from) {
    json::array array;
    for (const auto& text : from) array.emplace_back(text);
    return array;
}

template <class T>
json::array all(const std::vector<T>& from) {
    json::array array;
    for (const auto& entry : from) array.emplace_back(to_json(entry));
    return array;
}

Error wrong(std::string what) {
    return make_error(ErrorCode::InvalidArgument, std::move(what));
}

Result<std::optional<milliseconds>> duration_member(const json::object& body,
                                                    std::string_view key) {
    const auto* value = body.if_contains(key);
    if (value == nullptr || value->is_null()) return std::optional<milliseconds>{};
    const auto number = find_int(body, key);
    if (!number || *number < 0) {
        return wrong(std::string(key) + " must be a number of milliseconds, not negative");
    }
    return std::optional{milliseconds{*number}};
}

/// A flag that is absent is false; one of another type is a mistake, not false.
Status flag_member(const json::object& body, std::string_view key, bool& into) {
    const auto* value = body.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_bool()) return wrong(std::string(key) + " must be true or false");
    into = value->get_bool();
    return {};
}

}  // namespace

json::object to_json(const RegionHealth& health) {
    json::object object{{"region", health.region.str()},
                        {"state", name_of(health.state)},
                        {"why", texts(health.why)}};
    if (health.since) put_time(object, "since", *health.since);
    if (health.last_ok) put_time(object, "last_ok", *health.last_ok);
    return object;
}

namespace {

json::array readiness_json(const std::vector<ReadinessItem>& items) {
    json::array array;
    for (const auto& item : items) {
        array.push_back(json::object{{"id", item.id},
                                     {"ok", item.ok},
                                     {"blocks", item.blocks},
                                     {"sentence", item.sentence}});
    }
    return array;
}

}  // namespace

json::object to_json(const PairStatus& pair) {
    json::object object{{"pair", pair.name.str()},
                        {"active", pair.record.active.str()},
                        {"standby", pair.standby.str()},
                        {"epoch", pair.record.epoch},
                        {"state", pair.state},
                        {"sentence", pair.sentence},
                        {"operation", pair.record.operation.str()},
                        {"ready", pair.ready},
                        {"not_ready", texts(pair.not_ready)},
                        {"readiness", readiness_json(pair.readiness)},
                        {"obligations", all(pair.obligations)},
                        {"lag_ms", nullptr},
                        {"rpo_ms", nullptr}};
    if (pair.lag) object["lag_ms"] = pair.lag->count();
    if (pair.rpo) object["rpo_ms"] = pair.rpo->count();
    return object;
}

json::object to_json(const BackupHead& head) {
    return encode(head);
}
json::object to_json(const Obligation& obligation) {
    return encode(obligation);
}

json::object to_json(const AuditResult& audit) {
    return {{"pair", audit.pair.str()}, {"operations", audit.operations},
            {"lines", audit.lines},     {"head", audit.head},
            {"broken", audit.broken},   {"intact", audit.broken.empty()}};
}

json::object to_json(const Snapshot& snapshot) {
    json::object object{{"schema", "spillway/v1/status"},
                        {"regions", all(snapshot.regions)},
                        {"pairs", all(snapshot.pairs)},
                        {"backups", all(snapshot.backups)}};
    put_time(object, "at", snapshot.at);
    return object;
}

json::object to_json(const Plan& plan) {
    auto object = encode(plan);
    object["schema"] = "spillway/v1/plan";
    json::array blockers;
    for (const auto& rule : plan.blockers()) blockers.emplace_back(rule.rule);
    object["blockers"] = std::move(blockers);
    return object;
}

json::object to_json(const Operation& operation) {
    auto object = encode(operation);
    object["schema"] = "spillway/v1/operation";
    object["next_step"] = operation.next_step;
    object["step_count"] = operation.plan.steps.size();
    object["now_doing"] = operation.now_doing;
    json::array journal;
    for (const auto& record : operation.journal) {
        auto line = encode(record);
        line["hash"] = record.hash;
        journal.emplace_back(std::move(line));
    }
    object["journal"] = std::move(journal);
    return object;
}

json::object to_json(const Report& report) {
    auto object = encode(report);
    object["schema"] = "spillway/v1/report";
    object["text"] = report_text(object);
    return object;
}

json::object to_json(const BackupVersion& version, bool with_bodies) {
    auto object = encode(version);
    object["schema"] = "spillway/v1/backup";
    if (with_bodies) return object;
    const auto& snapshot = version.snapshot;
    json::array configs;
    for (const auto& config : snapshot.configs) configs.emplace_back(config.name.str());
    object["snapshot"] = {
        {"region", snapshot.region.str()},       {"project", snapshot.project.str()},
        {"configs", std::move(configs)},         {"config_count", snapshot.configs.size()},
        {"group_count", snapshot.groups.size()}, {"logstore_count", snapshot.logstores.size()}};
    return object;
}

Result<OperationRequest> request_from_json(const PairName& pair, const json::object& body) {
    OperationRequest request;
    request.pair = pair;
    const auto kind = parse_operation_kind(find_string(body, "kind").value_or("switchover"));
    if (!kind) return wrong("kind must be switchover, failover or failback");
    request.kind = *kind;
    request.to = RegionName(find_string(body, "to").value_or(""));
    if (request.to.empty()) return wrong("to must name the region that takes over");
    request.reason = find_string(body, "reason").value_or("");
    request.requested_by = find_string(body, "requested_by").value_or("");
    request.plan_digest = find_string(body, "plan_digest");
    auto accept = duration_member(body, "accept_loss_ms");
    if (!accept) return std::move(accept).error();
    request.accept_loss = *accept;
    auto most = duration_member(body, "max_loss_ms");
    if (!most) return std::move(most).error();
    request.max_loss = *most;
    for (const auto& [key, into] :
         {std::pair{"force", &request.force}, std::pair{"break_glass", &request.break_glass},
          std::pair{"accept_stale_backup", &request.accept_stale_backup},
          std::pair{"accept_shrink", &request.accept_shrink}}) {
        if (auto read = flag_member(body, key, *into); !read) return read.error();
    }
    return request;
}

namespace {

using Path = std::vector<std::string>;

Error no_such_route(const ApiRequest& request) {
    std::string path = "/api/v1";
    for (const auto& part : request.path) path += "/" + part;
    auto error =
        make_error(ErrorCode::NotFound, "there is no " + std::string(request.method) + " " + path);
    error.service_code = "NoSuchRoute";
    return error;
}

std::optional<std::string> query_member(const ApiRequest& request, const std::string& key) {
    const auto found = request.query.find(key);
    if (found == request.query.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

Result<json::value> answer_plan(Controller& controller, const ApiRequest& request) {
    auto wanted = request_from_json(PairName(request.path[1]), request.body);
    if (!wanted) return std::move(wanted).error();
    auto plan = controller.plan(*wanted);
    if (!plan) return std::move(plan).error();
    return json::value(to_json(*plan));
}

Result<json::value> answer_start(Controller& controller, const ApiRequest& request) {
    auto wanted = request_from_json(PairName(request.path[1]), request.body);
    if (!wanted) return std::move(wanted).error();
    if (wanted->requested_by.empty()) wanted->requested_by = request.who;
    if (wanted->reason.empty() && wanted->kind == OperationKind::Failover) {
        return wrong("reason must say why: it goes into the journal and the report");
    }
    auto id = controller.start(*wanted);
    if (!id) return std::move(id).error();
    return json::value{{"schema", "spillway/v1/started"}, {"operation", id->str()}};
}

Result<json::value> answer_operations(Controller& controller, const ApiRequest& request) {
    auto operations = controller.operations(PairName(request.path[1]));
    if (!operations) return std::move(operations).error();
    return json::value{{"schema", "spillway/v1/operations"}, {"operations", all(*operations)}};
}

Result<json::value> answer_pair(Controller& controller, const ApiRequest& request) {
    const auto& what = request.path[2];
    if (what == "plan" && request.method == "POST") return answer_plan(controller, request);
    if (what == "operations" && request.method == "POST") return answer_start(controller, request);
    if (what == "operations" && request.method == "GET") {
        return answer_operations(controller, request);
    }
    return no_such_route(request);
}

Result<json::value> show_operation(Controller& controller, const OperationId& id) {
    auto operation = controller.operation(id);
    if (!operation) return std::move(operation).error();
    return json::value(to_json(*operation));
}

Result<json::value> answer_operation(Controller& controller, const ApiRequest& request) {
    const OperationId id(request.path[1]);
    if (request.path.size() == 2 && request.method == "GET") return show_operation(controller, id);
    if (request.path.size() != 3) return no_such_route(request);
    const auto& what = request.path[2];
    if (what == "report" && request.method == "GET") {
        auto report = controller.report(id);
        if (!report) return std::move(report).error();
        return json::value(to_json(*report));
    }
    if (request.method != "POST" || (what != "resume" && what != "abort")) {
        return no_such_route(request);
    }
    auto done =
        what == "resume" ? controller.resume(id, request.who) : controller.abort(id, request.who);
    if (!done) return std::move(done).error();
    return show_operation(controller, id);
}

Result<json::value> answer_region(Controller& controller, const ApiRequest& request) {
    auto health = controller.explain(RegionName(request.path[1]));
    if (!health) return std::move(health).error();
    return json::value(to_json(*health));
}

Result<json::value> answer_audit(Controller& controller, const ApiRequest& request) {
    std::optional<PairName> pair;
    if (auto name = query_member(request, "pair")) pair = PairName(*name);
    auto results = controller.audit(pair);
    if (!results) return std::move(results).error();
    return json::value{{"schema", "spillway/v1/audit"}, {"pairs", all(*results)}};
}

Result<json::value> list_backups(Controller& controller, const ApiRequest& request) {
    std::optional<RegionName> region;
    std::optional<ProjectName> project;
    if (auto name = query_member(request, "region")) region = RegionName(*name);
    if (auto name = query_member(request, "project")) project = ProjectName(*name);
    auto versions = controller.backups(region, project);
    if (!versions) return std::move(versions).error();
    json::array array;
    for (const auto& version : *versions) array.emplace_back(to_json(version, false));
    return json::value{{"schema", "spillway/v1/backups"}, {"backups", std::move(array)}};
}

Result<json::value> take_backup(Controller& controller, const ApiRequest& request) {
    std::optional<RegionName> region;
    if (auto name = find_string(request.body, "region")) region = RegionName(*name);
    bool accept_shrink = false;
    if (auto read = flag_member(request.body, "accept_shrink", accept_shrink); !read) {
        return read.error();
    }
    auto heads = controller.backup_now(region, accept_shrink);
    if (!heads) return std::move(heads).error();
    return json::value{{"schema", "spillway/v1/backup_heads"}, {"backups", all(*heads)}};
}

Result<json::value> answer_backups(Controller& controller, const ApiRequest& request) {
    const auto& path = request.path;
    if (path.size() == 1 && request.method == "GET") return list_backups(controller, request);
    if (path.size() == 1 && request.method == "POST") return take_backup(controller, request);
    if (path.size() == 2 && request.method == "GET") {
        auto version = controller.backup(path[1]);
        if (!version) return std::move(version).error();
        return json::value(to_json(*version, true));
    }
    if (path.size() == 3 && path[2] == "restore" && request.method == "POST") {
        auto said = controller.restore(path[1]);
        if (!said) return std::move(said).error();
        return json::value{{"schema", "spillway/v1/restored"}, {"changes", texts(*said)}};
    }
    return no_such_route(request);
}

}  // namespace

Result<json::value> handle(Controller& controller, const ApiRequest& request) {
    const auto& path = request.path;
    if (path.empty()) return no_such_route(request);
    if (path[0] == "status" && path.size() == 1 && request.method == "GET") {
        return json::value(to_json(controller.status()));
    }
    if (path[0] == "pairs" && path.size() == 3) return answer_pair(controller, request);
    if (path[0] == "operations" && path.size() >= 2) return answer_operation(controller, request);
    if (path[0] == "regions" && path.size() == 2 && request.method == "GET") {
        return answer_region(controller, request);
    }
    if (path[0] == "audit" && path.size() == 1 && request.method == "GET") {
        return answer_audit(controller, request);
    }
    if (path[0] == "backups") return answer_backups(controller, request);
    return no_such_route(request);
}

}  // namespace spillway::switchover
