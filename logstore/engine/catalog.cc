#include "logstore/engine/catalog.h"

#include "logstore/engine/catalog_sql.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <fmt/format.h>

namespace spillway::engine {

namespace {

constexpr std::string_view kSchema1 = R"sql(
CREATE TABLE projects(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL,
    region TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL);
CREATE TABLE logstores(
    id INTEGER PRIMARY KEY AUTOINCREMENT, project INTEGER NOT NULL REFERENCES projects(id),
    name TEXT NOT NULL, settings TEXT NOT NULL, search_index TEXT,
    created INTEGER NOT NULL, modified INTEGER NOT NULL, UNIQUE(project, name));
CREATE TABLE shards(
    logstore INTEGER NOT NULL REFERENCES logstores(id) ON DELETE CASCADE, shard INTEGER NOT NULL,
    read_only INTEGER NOT NULL, begin_key BLOB NOT NULL, end_key BLOB NOT NULL,
    created_ns INTEGER NOT NULL, readonly_ns INTEGER NOT NULL, trimmed_to INTEGER NOT NULL,
    PRIMARY KEY(logstore, shard)) WITHOUT ROWID;
CREATE TABLE fences(
    logstore INTEGER NOT NULL REFERENCES logstores(id) ON DELETE CASCADE, route_key BLOB NOT NULL,
    sequence_id INTEGER NOT NULL, PRIMARY KEY(logstore, route_key)) WITHOUT ROWID;
CREATE TABLE clean_tails(
    logstore INTEGER PRIMARY KEY REFERENCES logstores(id) ON DELETE CASCADE,
    segment INTEGER NOT NULL, tail INTEGER NOT NULL);
CREATE TABLE consumer_groups(
    logstore INTEGER NOT NULL REFERENCES logstores(id) ON DELETE CASCADE, name TEXT NOT NULL,
    timeout_s INTEGER NOT NULL, in_order INTEGER NOT NULL, PRIMARY KEY(logstore, name)) WITHOUT ROWID;
CREATE TABLE consumer_shards(
    logstore INTEGER NOT NULL, group_name TEXT NOT NULL, shard INTEGER NOT NULL,
    state INTEGER NOT NULL, holder TEXT NOT NULL, target TEXT NOT NULL, checkpoint TEXT NOT NULL,
    checkpoint_consumer TEXT NOT NULL, updated_us INTEGER NOT NULL,
    PRIMARY KEY(logstore, group_name, shard),
    FOREIGN KEY(logstore, group_name) REFERENCES consumer_groups(logstore, name)
        ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE configs(
    project INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, name TEXT NOT NULL,
    form INTEGER NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
    PRIMARY KEY(project, name)) WITHOUT ROWID;
CREATE TABLE machine_groups(
    project INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, name TEXT NOT NULL,
    body TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
    PRIMARY KEY(project, name)) WITHOUT ROWID;
CREATE TABLE bindings(
    project INTEGER NOT NULL, group_name TEXT NOT NULL, config_name TEXT NOT NULL,
    PRIMARY KEY(project, group_name, config_name),
    FOREIGN KEY(project, group_name) REFERENCES machine_groups(project, name) ON DELETE CASCADE,
    FOREIGN KEY(project, config_name) REFERENCES configs(project, name)
        ON DELETE CASCADE) WITHOUT ROWID;
CREATE TABLE machines(
    project INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, unique_id TEXT NOT NULL,
    ip TEXT NOT NULL, userdefined_id TEXT NOT NULL, heartbeat INTEGER NOT NULL,
    PRIMARY KEY(project, unique_id, ip)) WITHOUT ROWID;
)sql";

ProjectInfo project_of(Statement& row) {
    ProjectInfo project;
    project.name = ProjectName(row.text(0));
    project.description = row.text(1);
    project.region = row.text(2);
    project.created_unix_s = row.integer(3);
    project.modified_unix_s = row.integer(4);
    return project;
}

constexpr std::string_view kProjectColumns = "name, description, region, created, modified";

std::string settings_text(const LogstoreName& name, const LogstoreSettings& settings) {
    return json::serialize(wire::logstore_settings_json(name, settings));
}

/// SQLite's integers are signed: a sequence id is shifted so that order survives.
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
std::int64_t to_ordered(std::uint64_t sequence) {
    return static_cast<std::int64_t>(sequence ^ kSignBit);
}
std::uint64_t from_ordered(std::int64_t stored) {
    return static_cast<std::uint64_t>(stored) ^ kSignBit;
}

Error no_logstore(const LogstoreRef& ref) {
    return wire::service_error("LogStoreNotExist",
                               fmt::format("logstore {} does not exist", ref.to_string()));
}

Error no_index(const LogstoreRef& ref) {
    return wire::service_error("IndexConfigNotExist",
                               fmt::format("logstore {} has no index", ref.to_string()));
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return std::move(database).error();
    if (auto migrated = database->migrate({kSchema1}); !migrated) {
        return std::move(migrated).error().while_doing("catalog " + path);
    }
    return std::unique_ptr<Catalog>(new Catalog(*std::move(database)));
}

Result<std::int64_t> Catalog::project_id(const ProjectName& name) {
    auto id =
        sql::integer(sql::query(database_, "SELECT id FROM projects WHERE name = ?", name.str()));
    if (!id) return std::move(id).error();
    if (*id) return **id;
    return wire::service_error("ProjectNotExist",
                               fmt::format("project {} does not exist", name.str()));
}

Result<std::int64_t> Catalog::logstore_id(const LogstoreRef& ref) {
    auto project = project_id(ref.project);
    if (!project) return project;
    auto id = sql::integer(sql::query(database_,
                                      "SELECT id FROM logstores WHERE project = ? AND name = ?",
                                      *project, ref.logstore.str()));
    if (!id) return std::move(id).error();
    if (*id) return **id;
    return no_logstore(ref);
}

Status Catalog::create_project(const ProjectInfo& project) {
    const std::lock_guard lock(mutex_);
    if (project_id(project.name)) {
        return wire::service_error("ProjectAlreadyExist",
                                   fmt::format("project {} exists already", project.name.str()));
    }
    return sql::run(database_,
                    "INSERT INTO projects(name, description, region, created, modified) "
                    "VALUES(?, ?, ?, ?, ?)",
                    project.name.str(), project.description, project.region, project.created_unix_s,
                    project.modified_unix_s);
}

Status Catalog::update_project(const ProjectName& name, const std::string& description,
                               std::int64_t now_unix_s) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(name);
    if (!id) return std::move(id).error();
    return sql::run(database_, "UPDATE projects SET description = ?, modified = ? WHERE id = ?",
                    description, now_unix_s, *id);
}

Result<ProjectInfo> Catalog::project(const ProjectName& name) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(name);
    if (!id) return std::move(id).error();
    ProjectInfo project;
    auto read = sql::each_row(
        sql::query(database_, fmt::format("SELECT {} FROM projects WHERE id = ?", kProjectColumns),
                   *id),
        [&](Statement& row) { project = project_of(row); });
    if (!read) return std::move(read).error();
    return project;
}

Result<std::vector<ProjectInfo>> Catalog::projects() {
    const std::lock_guard lock(mutex_);
    std::vector<ProjectInfo> projects;
    auto read = sql::each_row(
        sql::query(database_,
                   fmt::format("SELECT {} FROM projects ORDER BY name", kProjectColumns)),
        [&](Statement& row) { projects.push_back(project_of(row)); });
    if (!read) return std::move(read).error();
    return projects;
}

Status Catalog::delete_project(const ProjectName& name) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(name);
    if (!id) return std::move(id).error();
    return sql::run(database_, "DELETE FROM projects WHERE id = ?", *id);
}

Status Catalog::insert_shard(std::int64_t log_id, const ShardEntry& shard) {
    return sql::run(database_,
                    "INSERT OR REPLACE INTO shards VALUES(?, ?, ?, ?, ?, ?, ?, coalesce((SELECT "
                    "trimmed_to FROM shards WHERE logstore = ?1 AND shard = ?2), 0))",
                    log_id, shard.id.value(), shard.status == ShardStatus::ReadOnly, shard.begin,
                    shard.end, shard.created_ns, shard.readonly_ns);
}

Result<std::uint64_t> Catalog::create_logstore(const LogstoreInfo& info,
                                               const std::vector<ShardEntry>& shards) {
    const std::lock_guard lock(mutex_);
    auto project = project_id(info.ref.project);
    if (!project) return std::move(project).error();
    if (logstore_id(info.ref)) {
        return wire::service_error("LogStoreAlreadyExist",
                                   fmt::format("logstore {} exists already", info.ref.to_string()));
    }
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    auto inserted =
        sql::run(database_,
                 "INSERT INTO logstores(project, name, settings, created, modified) "
                 "VALUES(?, ?, ?, ?, ?)",
                 *project, info.ref.logstore.str(), settings_text(info.ref.logstore, info.settings),
                 info.created_unix_s, info.modified_unix_s);
    if (!inserted) return std::move(inserted).error();
    auto id = logstore_id(info.ref);
    if (!id) return std::move(id).error();
    for (const auto& shard : shards) {
        if (auto saved = insert_shard(*id, shard); !saved) return std::move(saved).error();
    }
    if (auto committed = transaction->commit(); !committed) return std::move(committed).error();
    return static_cast<std::uint64_t>(*id);
}

Status Catalog::update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings,
                                std::int64_t now_unix_s) {
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    return sql::run(database_, "UPDATE logstores SET settings = ?, modified = ? WHERE id = ?",
                    settings_text(ref.logstore, settings), now_unix_s, *id);
}

Result<LogstoreInfo> Catalog::logstore(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    Result<LogstoreInfo> info = no_logstore(ref);
    auto read = sql::each_row(
        sql::query(database_, "SELECT settings, created, modified FROM logstores WHERE id = ?",
                   *id),
        [&](Statement& row) {
            auto settings = parse_json_object(row.text(0));
            info = settings ? wire::parse_logstore(ref.project, *settings)
                            : Result<LogstoreInfo>(settings.error());
            if (!info) return;
            info->created_unix_s = row.integer(1);
            info->modified_unix_s = row.integer(2);
        });
    if (!read) return std::move(read).error();
    return info;
}

Result<std::vector<LogstoreName>> Catalog::logstores(const ProjectName& project) {
    const std::lock_guard lock(mutex_);
    auto id = project_id(project);
    if (!id) return std::move(id).error();
    return sql::names<LogstoreName>(
        sql::query(database_, "SELECT name FROM logstores WHERE project = ? ORDER BY name", *id));
}

Result<std::vector<StoredLogstore>> Catalog::all_logstores() {
    const std::lock_guard lock(mutex_);
    std::vector<StoredLogstore> all;
    auto read = sql::each_row(
        sql::query(
            database_,
            "SELECT logstores.id, projects.name, logstores.name FROM logstores JOIN projects "
            "ON projects.id = logstores.project ORDER BY logstores.id"),
        [&](Statement& row) {
            all.push_back({static_cast<std::uint64_t>(row.integer(0)),
                           {ProjectName(row.text(1)), LogstoreName(row.text(2))}});
        });
    if (!read) return std::move(read).error();
    return all;
}

Status Catalog::delete_logstore(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    return sql::run(database_, "DELETE FROM logstores WHERE id = ?", *id);
}

Result<json::object> Catalog::logstore_index(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    std::string text;
    auto read =
        sql::each_row(sql::query(database_, "SELECT search_index FROM logstores WHERE id = ?", *id),
                      [&](Statement& row) { text = row.is_null(0) ? "" : row.text(0); });
    if (!read) return std::move(read).error();
    if (text.empty()) return no_index(ref);
    return parse_json_object(text);
}

Status Catalog::put_logstore_index(const LogstoreRef& ref, const json::object& index,
                                   WriteRule rule) {
    const bool exists = logstore_index(ref).has_value();
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    if (exists && rule == WriteRule::CreateOnly) {
        return wire::service_error(
            "IndexAlreadyExist", fmt::format("logstore {} has an index already", ref.to_string()));
    }
    if (!exists && rule == WriteRule::ReplaceOnly) return no_index(ref);
    return sql::run(database_, "UPDATE logstores SET search_index = ? WHERE id = ?",
                    json::serialize(index), *id);
}

Status Catalog::delete_logstore_index(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    auto id = logstore_id(ref);
    if (!id) return std::move(id).error();
    return sql::run(database_, "UPDATE logstores SET search_index = NULL WHERE id = ?", *id);
}

Result<LogStart> Catalog::log_start(const StoredLogstore& logstore) {
    const std::lock_guard lock(mutex_);
    LogStart start;
    start.id = logstore.id;
    start.name = logstore.ref.to_string();
    auto shards = sql::each_row(
        sql::query(database_,
                   "SELECT shard, read_only, begin_key, end_key, created_ns, readonly_ns, "
                   "trimmed_to FROM shards WHERE logstore = ? ORDER BY shard",
                   logstore.id),
        [&](Statement& row) {
            ShardEntry shard;
            shard.id = ShardId(static_cast<std::uint32_t>(row.integer(0)));
            shard.status = row.integer(1) ? ShardStatus::ReadOnly : ShardStatus::ReadWrite;
            shard.begin = hash_key_from_bytes(row.text(2));
            shard.end = hash_key_from_bytes(row.text(3));
            shard.created_ns = row.integer(4);
            shard.readonly_ns = row.integer(5);
            start.shards.push_back(shard);
            start.trimmed_to[shard.id] = row.integer(6);
        });
    if (!shards) return std::move(shards).error();
    auto fences = sql::each_row(
        sql::query(database_, "SELECT route_key, sequence_id FROM fences WHERE logstore = ?",
                   logstore.id),
        [&](Statement& row) {
            start.fences[hash_key_from_bytes(row.text(0))] = from_ordered(row.integer(1));
        });
    if (!fences) return std::move(fences).error();
    auto tail = sql::each_row(
        sql::query(database_, "SELECT segment, tail FROM clean_tails WHERE logstore = ?",
                   logstore.id),
        [&](Statement& row) {
            start.clean_tail = CleanTail{static_cast<std::uint64_t>(row.integer(0)),
                                         static_cast<std::uint64_t>(row.integer(1))};
        });
    if (!tail) return std::move(tail).error();
    return start;
}

Status Catalog::save_shard_change(std::uint64_t log_id, const ShardChange& change) {
    const std::lock_guard lock(mutex_);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    for (const auto* list : {&change.parents, &change.children}) {
        for (const auto& shard : *list) {
            auto saved = insert_shard(static_cast<std::int64_t>(log_id), shard);
            if (!saved) return saved;
        }
    }
    return transaction->commit();
}

/// Inside the caller's transaction.
Status Catalog::drop_shard(std::uint64_t log_id, ShardId shard) {
    auto gone = sql::run(database_, "DELETE FROM shards WHERE logstore = ? AND shard = ?", log_id,
                         shard.value());
    if (!gone) return gone;
    return sql::run(database_, "DELETE FROM consumer_shards WHERE logstore = ? AND shard = ?",
                    log_id, shard.value());
}

Status Catalog::delete_shard(std::uint64_t log_id, ShardId shard) {
    const std::lock_guard lock(mutex_);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    if (auto gone = drop_shard(log_id, shard); !gone) return gone;
    return transaction->commit();
}

Status Catalog::save_trim(std::uint64_t log_id, const Trim& trim) {
    const std::lock_guard lock(mutex_);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    for (const auto& [key, sequence] : trim.fences) {
        auto saved = sql::run(database_,
                              "INSERT INTO fences VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET "
                              "sequence_id = max(sequence_id, excluded.sequence_id)",
                              log_id, key, to_ordered(sequence));
        if (!saved) return saved;
    }
    for (const auto& [shard, position] : trim.trimmed_to) {
        auto saved =
            sql::run(database_, "UPDATE shards SET trimmed_to = ? WHERE logstore = ? AND shard = ?",
                     position, log_id, shard.value());
        if (!saved) return saved;
    }
    for (const auto shard : trim.emptied) {
        if (auto gone = drop_shard(log_id, shard); !gone) return gone;
    }
    return transaction->commit();
}

Status Catalog::save_clean_tail(std::uint64_t log_id, const CleanTail& tail) {
    const std::lock_guard lock(mutex_);
    return sql::run(database_, "INSERT OR REPLACE INTO clean_tails VALUES(?, ?, ?)", log_id,
                    tail.segment, tail.tail);
}

Status Catalog::forget_clean_tails() {
    const std::lock_guard lock(mutex_);
    return sql::run(database_, "DELETE FROM clean_tails");
}

Result<std::vector<GroupRow>> Catalog::consumer_groups(std::uint64_t log_id) {
    const std::lock_guard lock(mutex_);
    std::vector<GroupRow> groups;
    auto read = sql::each_row(
        sql::query(database_,
                   "SELECT name, timeout_s, in_order FROM consumer_groups WHERE logstore = ?",
                   log_id),
        [&](Statement& row) {
            groups.push_back({{ConsumerGroupName(row.text(0)), std::chrono::seconds(row.integer(1)),
                               row.integer(2) != 0},
                              {}});
        });
    if (!read) return std::move(read).error();
    for (auto& group : groups) {
        read = sql::each_row(
            sql::query(database_,
                       "SELECT shard, state, holder, target, checkpoint, checkpoint_consumer, "
                       "updated_us FROM consumer_shards WHERE logstore = ? AND group_name = ?",
                       log_id, group.info.name.str()),
            [&](Statement& row) {
                group.shards.push_back({ShardId(static_cast<std::uint32_t>(row.integer(0))),
                                        static_cast<int>(row.integer(1)), row.text(2), row.text(3),
                                        row.text(4), row.text(5), row.integer(6)});
            });
        if (!read) return std::move(read).error();
    }
    return groups;
}

Status Catalog::save_consumer_group(std::uint64_t log_id, const ConsumerGroupInfo& group) {
    const std::lock_guard lock(mutex_);
    return sql::run(database_,
                    "INSERT INTO consumer_groups VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                    "timeout_s = excluded.timeout_s, in_order = excluded.in_order",
                    log_id, group.name.str(), group.timeout.count(), group.order);
}

Status Catalog::save_group_shards(std::uint64_t log_id, const ConsumerGroupName& group,
                                  const std::vector<GroupShardRow>& changed) {
    if (changed.empty()) return {};
    const std::lock_guard lock(mutex_);
    auto transaction = Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    for (const auto& row : changed) {
        auto saved = sql::run(
            database_, "INSERT OR REPLACE INTO consumer_shards VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            log_id, group.str(), row.shard.value(), row.state, row.holder, row.target,
            row.checkpoint, row.checkpoint_consumer, row.updated_unix_us);
        if (!saved) return saved;
    }
    return transaction->commit();
}

Status Catalog::delete_consumer_group(std::uint64_t log_id, const ConsumerGroupName& group) {
    const std::lock_guard lock(mutex_);
    return sql::run(database_, "DELETE FROM consumer_groups WHERE logstore = ? AND name = ?",
                    log_id, group.str());
}

}  // namespace spillway::engine
