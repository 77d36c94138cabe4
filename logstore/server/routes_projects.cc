#include "base/text.h"
#include "logstore/server/routes.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::server {

namespace {

using engine::Engine;
using engine::WriteRule;

constexpr std::string_view kMeteringMode = "meteringMode";
constexpr std::uint64_t kSplitMax = 256;

Error as_service_error(Error error, std::string_view service_code) {
    if (!error.service_code.empty()) return error;
    return wire::service_error(service_code, error.message);
}

Answer create_project(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    auto project = wire::parse_project(*body);
    if (!project) return as_service_error(std::move(project).error(), "ParameterInvalid");
    if (!call.project.empty() && call.project != project->name) {
        return wire::service_error("ParameterInvalid",
                                   "the host names project " + to_valid_utf8(call.project.str()) +
                                       ", the body " + to_valid_utf8(project->name.str()));
    }
    return answer_of(engine.create_project(*project));
}

Answer list_projects(Engine& engine, Call& call) {
    auto projects = engine.projects();
    if (!projects) return std::move(projects).error();
    std::vector<std::string> names;
    for (const auto& project : *projects) names.push_back(project.name.str());
    auto page = page_of(call, names, "projectName");
    if (!page) return std::move(page).error();
    json::array items;
    for (const auto& name : page->names) {
        const auto found = std::find_if(
            projects->begin(), projects->end(),
            [&](const ProjectInfo& project) { return project.name.str() == name.as_string(); });
        items.push_back(wire::project_json(*found, wire::ProjectTimes::UnixText));
    }
    return json_answer(wire::list_json("projects", std::move(items), page->total));
}

Answer get_or_list_projects(Engine& engine, Call& call) {
    if (call.project.empty()) return list_projects(engine, call);
    auto project = engine.project(call.project);
    if (!project) return std::move(project).error();
    return json_answer(wire::project_json(*project));
}

Answer update_project(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    return answer_of(
        engine.update_project(call.project, find_string(*body, "description").value_or("")));
}

Answer delete_project(Engine& engine, Call& call) {
    return answer_of(engine.delete_project(call.project));
}

Result<LogstoreInfo> logstore_of_body(const Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    if (!call.arguments.empty()) (*body)["logstoreName"] = call.arguments[0];
    auto info = wire::parse_logstore(call.project, *body);
    if (!info) return as_service_error(std::move(info).error(), "LogStoreInfoInvalid");
    return info;
}

Answer create_logstore(Engine& engine, Call& call) {
    auto info = logstore_of_body(call);
    if (!info) return std::move(info).error();
    return answer_of(engine.create_logstore(info->ref, info->settings));
}

Answer get_logstore(Engine& engine, Call& call) {
    if (auto queried = query_answer(engine, call)) return *std::move(queried);
    auto info = engine.logstore(call.logstore());
    if (!info) return std::move(info).error();
    return json_answer(wire::logstore_json(*info));
}

Answer update_logstore(Engine& engine, Call& call) {
    auto old = engine.logstore(call.logstore());
    if (!old) return std::move(old).error();
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    // A member that is left out keeps its value.
    auto merged = wire::logstore_settings_json(old->ref.logstore, old->settings);
    for (const auto& member : *body) merged[member.key()] = member.value();
    merged["logstoreName"] = old->ref.logstore.str();
    auto info = wire::parse_logstore(call.project, merged);
    if (!info) return as_service_error(std::move(info).error(), "LogStoreInfoInvalid");
    if (info->settings.shard_count != old->settings.shard_count) {
        return wire::service_error(
            "ParameterInvalid",
            "invalid shard count,you can only modify shardCount by split& merge shard");
    }
    return answer_of(engine.update_logstore(old->ref, info->settings));
}

Answer delete_logstore(Engine& engine, Call& call) {
    return answer_of(engine.delete_logstore(call.logstore()));
}

/// Kept and given back; nothing here is charged for.
Answer get_metering_mode(Engine& engine, Call& call) {
    auto info = engine.logstore(call.logstore());
    if (!info) return std::move(info).error();
    const auto mode = find_string(info->settings.other, kMeteringMode).value_or("ChargeByFunction");
    return json_answer(json::object{{kMeteringMode, mode}});
}

Answer set_metering_mode(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    const auto mode = find_string(*body, kMeteringMode).value_or("");
    if (mode != "ChargeByFunction" && mode != "ChargeByDataIngest") {
        return wire::service_error("ParameterInvalid",
                                   "meteringMode is ChargeByFunction or ChargeByDataIngest");
    }
    auto info = engine.logstore(call.logstore());
    if (!info) return std::move(info).error();
    info->settings.other[kMeteringMode] = mode;
    return answer_of(engine.update_logstore(call.logstore(), info->settings));
}

Answer list_logstores(Engine& engine, Call& call) {
    auto names = engine.logstores(call.project);
    if (!names) return std::move(names).error();
    auto page = page_of(call, texts_of(*names), "logstoreName");
    if (!page) return std::move(page).error();
    return json_answer(wire::list_json("logstores", std::move(page->names), page->total));
}

Result<ShardId> shard_of(const Call& call) {
    const auto id = parse_uint(call.arguments.at(1));
    if (id && *id <= UINT32_MAX) return ShardId(static_cast<std::uint32_t>(*id));
    return wire::service_error("ParameterInvalid",
                               "invalid shard id: " + to_valid_utf8(call.arguments[1]));
}

Answer shards_answer(Result<std::vector<Shard>> shards) {
    if (!shards) return std::move(shards).error();
    return json_answer(json::value(wire::shards_json(*shards)));
}

Answer list_shards(Engine& engine, Call& call) {
    return shards_answer(engine.shards(call.logstore()));
}

Answer change_shard(Engine& engine, Call& call) {
    auto shard = shard_of(call);
    if (!shard) return std::move(shard).error();
    const auto action = call.parameter_or("action", "");
    if (action == "merge") {
        call.operation = "MergeShards";
        return shards_answer(engine.merge_shard(call.logstore(), *shard));
    }
    if (action != "split") {
        return wire::service_error("ParameterInvalid", "action must be split or merge");
    }
    auto count = call.number("shardCount", 2);
    if (!count) return std::move(count).error();
    if (*count != 2) {
        if (*count > kSplitMax || call.parameter("key")) {
            return wire::service_error(
                "ParameterInvalid",
                fmt::format("a split is by key, or into shardCount (2 to {}) even parts",
                            kSplitMax));
        }
        return shards_answer(
            engine.split_shard_evenly(call.logstore(), *shard, static_cast<std::uint32_t>(*count)));
    }
    std::optional<engine::HashKey> middle;
    if (const auto key = call.parameter("key")) {
        auto parsed = engine::parse_hash_key(*key);
        if (!parsed) {
            return wire::service_error("ParameterInvalid",
                                       "invalid mid hash: " + parsed.error().message);
        }
        middle = *parsed;
    }
    return shards_answer(engine.split_shard(call.logstore(), *shard, middle));
}

Answer delete_shard(Engine& engine, Call& call) {
    auto shard = shard_of(call);
    if (!shard) return std::move(shard).error();
    return answer_of(engine.delete_shard(call.logstore(), *shard));
}

Answer write_index(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return as_service_error(std::move(body).error(), "IndexInfoInvalid");
    const auto rule = call.request.method == "POST" ? WriteRule::CreateOnly : WriteRule::Either;
    return answer_of(engine.write_logstore_index(call.logstore(), *body, rule));
}

Answer get_index(Engine& engine, Call& call) {
    if (auto queried = query_answer(engine, call)) return *std::move(queried);
    auto index = engine.logstore_index(call.logstore());
    if (!index) return std::move(index).error();
    auto info = engine.logstore(call.logstore());
    if (!info) return std::move(info).error();
    if (!index->contains("storage")) (*index)["storage"] = "pg";
    if (!index->contains("ttl")) (*index)["ttl"] = info->settings.ttl_days;
    if (!index->contains("lastModifyTime")) (*index)["lastModifyTime"] = info->modified_unix_s;
    return json_answer(json::value(*std::move(index)));
}

Answer delete_index(Engine& engine, Call& call) {
    return answer_of(engine.delete_logstore_index(call.logstore()));
}

}  // namespace

std::vector<Route> project_routes() {
    constexpr std::string_view kStore = "/logstores/{}";
    constexpr std::string_view kIndex = "/logstores/{}/index";
    constexpr std::string_view kMetering = "/logstores/{}/meteringmode";
    return {
        {"POST", "/", "CreateProject", Scope::Either, plain(create_project)},
        {"GET", "/", "GetProject", Scope::Either, plain(get_or_list_projects)},
        {"PUT", "/", "UpdateProject", Scope::Project, plain(update_project)},
        {"DELETE", "/", "DeleteProject", Scope::Project, plain(delete_project)},
        {"POST", "/logstores", "CreateLogStore", Scope::Project, plain(create_logstore)},
        {"GET", "/logstores", "ListLogStores", Scope::Project, plain(list_logstores)},
        {"GET", kStore, "GetLogStore", Scope::Project, plain(get_logstore)},
        {"PUT", kStore, "UpdateLogStore", Scope::Project, plain(update_logstore)},
        {"DELETE", kStore, "DeleteLogStore", Scope::Project, plain(delete_logstore)},
        {"GET", kMetering, "GetMeteringMode", Scope::Project, plain(get_metering_mode)},
        {"PUT", kMetering, "UpdateMeteringMode", Scope::Project, plain(set_metering_mode)},
        {"GET", "/logstores/{}/shards", "ListShards", Scope::Project, plain(list_shards)},
        {"POST", kIndex, "CreateIndex", Scope::Project, plain(write_index)},
        {"PUT", kIndex, "UpdateIndex", Scope::Project, plain(write_index)},
        {"GET", kIndex, "GetIndex", Scope::Project, plain(get_index)},
        {"DELETE", kIndex, "DeleteIndex", Scope::Project, plain(delete_index)},
        {"POST", "/logstores/{}/shards/{}", "SplitShard", Scope::Project, plain(change_shard)},
        {"DELETE", "/logstores/{}/shards/{}", "DeleteShard", Scope::Project, plain(delete_shard)},
    };
}

}  // namespace spillway::server
