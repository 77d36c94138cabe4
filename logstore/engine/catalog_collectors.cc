// The catalog's part for collectors: configs, machine groups, bindings, machines.
#include "logstore/engine/catalog.h"
#include "logstore/engine/catalog_sql.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <fmt/format.h>

namespace spillway::engine {

namespace {

Error no_config(const ConfigName& name) {
    return wire::service_error("ConfigNotExist",
                               fmt::format("config {} does not exist", name.str()));
}

Error no_group(const MachineGroupName& name) {
    return wire::service_error("MachineGroupNotExist",
                               fmt::format("machine group {} does not exist", name.str()));
}

}  // namespace

Result<std::vector<ConfigName>> Catalog::configs(const ProjectName& project, ConfigForm form) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    return sql::names<ConfigName>(sql::query(
        database_, "SELECT name FROM configs WHERE project = ? AND form = ? ORDER BY name", *id,
        form));
}

Result<StoredConfig> Catalog::config(const ProjectName& project, const ConfigName& name,
                                     ConfigForm form) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    Result<StoredConfig> found = no_config(name);
    auto read = sql::each_row(
        sql::query(database_,
                   "SELECT body, created, modified FROM configs WHERE project = ? AND name = ? AND "
                   "form = ?",
                   *id, name.str(), form),
        [&](Statement& row) {
            auto body = parse_json_object(row.text(0));
            if (!body) {
                found = std::move(body).error();
                return;
            }
            found = StoredConfig{{name, form, *std::move(body)}, row.integer(1), row.integer(2)};
        });
    if (!read) return std::move(read).error();
    return found;
}

Status Catalog::put_config(const ProjectName& project, const CollectorConfig& config,
                           WriteRule rule, std::int64_t now_unix_s) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    auto form = sql::integer(sql::query(database_,
                                        "SELECT form FROM configs WHERE project = ? AND name = ?",
                                        *id, config.name.str()));
    if (!form) return std::move(form).error();
    const bool same_form = *form && **form == static_cast<std::int64_t>(config.form);
    if (*form && (rule == WriteRule::CreateOnly || (!same_form && rule == WriteRule::Either))) {
        return wire::service_error(
            "ConfigAlreadyExist",
            fmt::format("config {} exists already{}", config.name.str(),
                        same_form ? "" : " in the other form; both share one name space"));
    }
    if (!same_form && rule == WriteRule::ReplaceOnly) return no_config(config.name);
    return sql::run(database_,
                    "INSERT INTO configs VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "body = excluded.body, modified = excluded.modified",
                    *id, config.name.str(), config.form,
                    json::serialize(wire::collector_config_body(config)), now_unix_s, now_unix_s);
}

Status Catalog::delete_config(const ProjectName& project, const ConfigName& name, ConfigForm form) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    auto deleted =
        sql::run(database_, "DELETE FROM configs WHERE project = ? AND name = ? AND form = ?", *id,
                 name.str(), form);
    if (!deleted) return deleted;
    return database_.changes() == 0 ? Status(no_config(name)) : Status{};
}

Result<std::vector<MachineGroupName>> Catalog::machine_groups(const ProjectName& project) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    return sql::names<MachineGroupName>(sql::query(
        database_, "SELECT name FROM machine_groups WHERE project = ? ORDER BY name", *id));
}

Result<StoredMachineGroup> Catalog::machine_group(const ProjectName& project,
                                                  const MachineGroupName& name) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    Result<StoredMachineGroup> found = no_group(name);
    auto read = sql::each_row(
        sql::query(
            database_,
            "SELECT body, created, modified FROM machine_groups WHERE project = ? AND name = "
            "?",
            *id, name.str()),
        [&](Statement& row) {
            auto body = parse_json_object(row.text(0));
            auto group = body ? wire::parse_machine_group(*body)
                              : Result<MachineGroup>(std::move(body).error());
            if (!group) {
                found = std::move(group).error();
                return;
            }
            found = StoredMachineGroup{*std::move(group), row.integer(1), row.integer(2)};
        });
    if (!read) return std::move(read).error();
    return found;
}

Status Catalog::check_group_exists(std::int64_t project, const MachineGroupName& name) {
    auto found = sql::integer(
        sql::query(database_, "SELECT 1 FROM machine_groups WHERE project = ? AND name = ?",
                   project, name.str()));
    if (!found) return std::move(found).error();
    return *found ? Status{} : Status(no_group(name));
}

Status Catalog::check_config_exists(std::int64_t project, const ConfigName& name) {
    auto found = sql::integer(sql::query(
        database_, "SELECT 1 FROM configs WHERE project = ? AND name = ?", project, name.str()));
    if (!found) return std::move(found).error();
    return *found ? Status{} : Status(no_config(name));
}

Status Catalog::put_machine_group(const ProjectName& project, const MachineGroup& group,
                                  WriteRule rule, std::int64_t now_unix_s) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    const bool exists = check_group_exists(*id, group.name).has_value();
    if (exists && rule == WriteRule::CreateOnly) {
        return wire::service_error(
            "MachineGroupAlreadyExist",
            fmt::format("machine group {} exists already", group.name.str()));
    }
    if (!exists && rule == WriteRule::ReplaceOnly) return no_group(group.name);
    return sql::run(database_,
                    "INSERT INTO machine_groups VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "body = excluded.body, modified = excluded.modified",
                    *id, group.name.str(), json::serialize(wire::machine_group_body(group)),
                    now_unix_s, now_unix_s);
}

Status Catalog::delete_machine_group(const ProjectName& project, const MachineGroupName& name) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    auto deleted = sql::run(database_, "DELETE FROM machine_groups WHERE project = ? AND name = ?",
                            *id, name.str());
    if (!deleted) return deleted;
    return database_.changes() == 0 ? Status(no_group(name)) : Status{};
}

Status Catalog::bind(const ProjectName& project, const MachineGroupName& group,
                     const ConfigName& config) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    if (auto exists = check_group_exists(*id, group); !exists) return exists;
    if (auto exists = check_config_exists(*id, config); !exists) return exists;
    return sql::run(database_, "INSERT OR IGNORE INTO bindings VALUES(?, ?, ?)", *id, group.str(),
                    config.str());
}

Status Catalog::unbind(const ProjectName& project, const MachineGroupName& group,
                       const ConfigName& config) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    if (auto exists = check_group_exists(*id, group); !exists) return exists;
    return sql::run(database_,
                    "DELETE FROM bindings WHERE project = ? AND group_name = ? AND config_name = ?",
                    *id, group.str(), config.str());
}

Result<std::vector<ConfigName>> Catalog::bound_configs(const ProjectName& project,
                                                       const MachineGroupName& group) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    if (auto exists = check_group_exists(*id, group); !exists) return std::move(exists).error();
    return sql::names<ConfigName>(sql::query(database_,
                                             "SELECT config_name FROM bindings WHERE project = ? "
                                             "AND group_name = ? ORDER BY config_name",
                                             *id, group.str()));
}

Result<std::vector<MachineGroupName>> Catalog::bound_groups(const ProjectName& project,
                                                            const ConfigName& config) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    if (auto exists = check_config_exists(*id, config); !exists) return std::move(exists).error();
    return sql::names<MachineGroupName>(sql::query(
        database_,
        "SELECT group_name FROM bindings WHERE project = ? AND config_name = ? ORDER BY group_name",
        *id, config.str()));
}

Result<std::vector<Machine>> Catalog::machines(const ProjectName& project) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    std::vector<Machine> machines;
    auto read = sql::each_row(
        sql::query(
            database_,
            "SELECT ip, unique_id, userdefined_id, heartbeat FROM machines WHERE project = ?", *id),
        [&](Statement& row) {
            machines.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
        });
    if (!read) return std::move(read).error();
    return machines;
}

Status Catalog::save_machine(const ProjectName& project, const Machine& machine) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    return sql::run(database_, "INSERT OR REPLACE INTO machines VALUES(?, ?, ?, ?, ?)", *id,
                    machine.unique_id, machine.ip, machine.userdefined_id,
                    machine.last_heartbeat_unix_s);
}

}  // namespace spillway::engine
