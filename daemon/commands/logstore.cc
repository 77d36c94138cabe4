// spillway logstore create, ls, stat, and the table of all logstore commands.
#include "base/text.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/logstore_data.h"
#include "daemon/logstore_tool/read_logs.h"
#include "daemon/region_options.h"
#include "daemon/text_table.h"

namespace spillway::daemon {

namespace {

int wrong_usage(Streams& streams, const Error& error) {
    report_error(error, streams);
    return kExitUsage;
}

int region_failed(Streams& streams, const Error& error) {
    return report_error(error, streams, region_advice(error));
}

Result<std::uint32_t> number_in(const Arguments& arguments, std::string_view flag,
                                std::uint32_t largest) {
    const auto value = parse_uint(arguments.get(flag));
    if (!value || *value == 0 || *value > largest) {
        return make_error(ErrorCode::InvalidArgument,
                          "--" + std::string(flag) + " is a number from 1 to " +
                              std::to_string(largest) + ", not \"" + arguments.get(flag) + "\"");
    }
    return static_cast<std::uint32_t>(*value);
}

Result<bool> wants_json(const Arguments& arguments) {
    const std::string format = arguments.get("output");
    if (format == "json") return true;
    if (format == "table") return false;
    return make_error(ErrorCode::InvalidArgument,
                      "--output is table or json, not \"" + format + "\"");
}

/// Makes the project where it does not exist, and says so.
Status ensure_project(RegionApi& region, const ProjectName& project, Streams& streams) {
    if (auto found = region.project(project); found) return {};
    ProjectInfo info;
    info.name = project;
    auto created = region.create_project(info);
    if (created) {
        streams.err << "created project " << project.str() << "\n";
        return {};
    }
    if (created.error().code == ErrorCode::AlreadyExists) return {};
    return created;
}

int run_create(const Arguments& arguments, Streams& streams) {
    const LogstoreRef ref{ProjectName(arguments.get("project")),
                          LogstoreName(arguments.positional("LOGSTORE"))};
    const auto shards = number_in(arguments, "shards", 256);
    if (!shards) return wrong_usage(streams, shards.error());
    const auto ttl = number_in(arguments, "ttl", 3'650);
    if (!ttl) return wrong_usage(streams, ttl.error());
    for (const auto& named : {check_project_name(ref.project), check_logstore_name(ref.logstore)}) {
        if (!named) return wrong_usage(streams, named.error());
    }
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return wrong_usage(streams, region.error());
    if (auto project = ensure_project(**region, ref.project, streams); !project) {
        return region_failed(streams, project.error());
    }
    LogstoreSettings settings;
    settings.shard_count = *shards;
    settings.ttl_days = *ttl;
    if (auto created = (*region)->create_logstore(ref, settings); !created) {
        return region_failed(streams, created.error());
    }
    streams.out << "created Logstore " << ref.to_string() << ": " << *shards
                << (*shards == 1 ? " shard" : " shards") << ", kept "
                << (*ttl == 3'650 ? "for ever" : std::to_string(*ttl) + " days") << "\n";
    return kExitDone;
}

struct Listed {
    LogstoreInfo info;
    std::size_t open_shards = 0;
    std::size_t all_shards = 0;
};

Result<std::vector<Listed>> list_project(RegionApi& region, const ProjectName& project) {
    const auto names = region.logstores(project);
    if (!names) return names.error();
    std::vector<Listed> out;
    for (const auto& name : *names) {
        const LogstoreRef ref{project, name};
        auto info = region.logstore(ref);
        if (!info && info.error().code == ErrorCode::NotFound) continue;  // deleted meanwhile
        if (!info) return std::move(info).error();
        const auto shards = region.shards(ref);
        if (!shards) return shards.error();
        Listed listed{*std::move(info), 0, shards->size()};
        for (const auto& shard : *shards) {
            if (shard.status == ShardStatus::ReadWrite) ++listed.open_shards;
        }
        out.push_back(std::move(listed));
    }
    return out;
}

void print_list(const std::vector<Listed>& list, bool as_json, std::ostream& out) {
    if (as_json) {
        json::array items;
        for (const auto& each : list) {
            items.push_back(json::object{{"project", each.info.ref.project.str()},
                                         {"logstore", each.info.ref.logstore.str()},
                                         {"shards", each.all_shards},
                                         {"shards_open", each.open_shards},
                                         {"ttl_days", each.info.settings.ttl_days}});
        }
        out << pretty_json(items) << "\n";
        return;
    }
    TextTable table({"LOGSTORE", "SHARDS", "READ-ONLY", "TTL DAYS"});
    for (const auto& each : list) {
        table.row({each.info.ref.logstore.str(), std::to_string(each.open_shards),
                   std::to_string(each.all_shards - each.open_shards),
                   std::to_string(each.info.settings.ttl_days)});
    }
    out << table.render();
}

int run_ls(const Arguments& arguments, Streams& streams) {
    const auto as_json = wants_json(arguments);
    if (!as_json) return wrong_usage(streams, as_json.error());
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return wrong_usage(streams, region.error());
    const auto list = list_project(**region, ProjectName(arguments.get("project")));
    if (!list) return region_failed(streams, list.error());
    print_list(*list, *as_json, streams.out);
    return kExitDone;
}

std::string time_text(const std::optional<std::int64_t>& unix_s) {
    return unix_s ? rfc3339(from_unix_seconds(*unix_s)).substr(0, 19) + "Z" : "-";
}

json::object stat_json(const ShardStat& stat) {
    json::object out{
        {"shard", stat.shard.id.value()},
        {"status", stat.shard.status == ShardStatus::ReadWrite ? "readwrite" : "readonly"},
        {"begin_key", stat.shard.begin_key},
        {"end_key", stat.shard.end_key},
        {"created_unix_s", stat.shard.created_unix_s},
        {"first_cursor", stat.first.str()},
        {"end_cursor", stat.end.str()},
        {"first_unix_s", nullptr},
        {"last_unix_s", nullptr},
        {"groups_max", nullptr}};
    if (stat.first_unix_s) out["first_unix_s"] = *stat.first_unix_s;
    if (stat.last_unix_s) out["last_unix_s"] = *stat.last_unix_s;
    if (stat.groups_max) out["groups_max"] = *stat.groups_max;
    return out;
}

void print_stats(const LogstoreInfo& info, const std::vector<ShardStat>& stats, bool as_json,
                 std::ostream& out) {
    if (as_json) {
        json::array shards;
        for (const auto& stat : stats) shards.push_back(stat_json(stat));
        out << pretty_json(json::object{{"project", info.ref.project.str()},
                                        {"logstore", info.ref.logstore.str()},
                                        {"ttl_days", info.settings.ttl_days},
                                        {"shards", std::move(shards)}})
            << "\n";
        return;
    }
    out << info.ref.to_string() << ": " << stats.size()
        << (stats.size() == 1 ? " shard" : " shards") << ", kept " << info.settings.ttl_days
        << " days\n";
    TextTable table({"SHARD", "STATUS", "BEGIN KEY", "END KEY", "FIRST RECEIVED", "LAST RECEIVED",
                     "GROUPS <=", "FIRST CURSOR", "END CURSOR"});
    for (const auto& stat : stats) {
        table.row({std::to_string(stat.shard.id.value()),
                   stat.shard.status == ShardStatus::ReadWrite ? "readwrite" : "readonly",
                   stat.shard.begin_key, stat.shard.end_key, time_text(stat.first_unix_s),
                   time_text(stat.last_unix_s),
                   stat.groups_max ? human_count(*stat.groups_max) : "?", stat.first.str(),
                   stat.end.str()});
    }
    out << table.render();
}

int run_stat(const Arguments& arguments, Streams& streams) {
    const auto as_json = wants_json(arguments);
    if (!as_json) return wrong_usage(streams, as_json.error());
    const LogstoreRef ref{ProjectName(arguments.get("project")),
                          LogstoreName(arguments.positional("LOGSTORE"))};
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return wrong_usage(streams, region.error());
    const auto info = (*region)->logstore(ref);
    if (!info) return region_failed(streams, info.error());
    const auto stats = shard_stats(**region, ref);
    if (!stats) return region_failed(streams, stats.error());
    print_stats(*info, *stats, *as_json, streams.out);
    return kExitDone;
}

const Positional kLogstore{.name = "LOGSTORE", .help = "the Logstore's name"};
constexpr Flag kOutput{.name = "output",
                       .letter = 'o',
                       .value_name = "table|json",
                       .help = "for people or for programs",
                       .fallback = "table"};

/// A command's own flags, then those that say which project of which region.
std::vector<Flag> with_region(std::vector<Flag> own) {
    own.push_back({.name = "project",
                   .letter = 'p',
                   .value_name = "PROJECT",
                   .help = "the project",
                   .required = true});
    for (const auto& flag : region_flags()) own.push_back(flag);
    return own;
}

constexpr Flag value_flag(std::string_view name, std::string_view value_name, std::string_view help,
                          std::string_view fallback = "") {
    return {.name = name, .value_name = value_name, .help = help, .fallback = fallback};
}

constexpr Flag repeated_flag(std::string_view name, std::string_view value_name,
                             std::string_view help) {
    return {.name = name, .value_name = value_name, .help = help, .repeats = true};
}

constexpr std::string_view kPutDetails =
    "Every line is one log, byte for byte: only \"\\n\" ends a line; \"\\r\" and bytes that are "
    "not UTF-8 stay.\n"
    "With --json a line is an object: one that `logstore pull` wrote is stored as it was read "
    "(fields,\n"
    "time, topic, source, tags); of any other object each member becomes a field.\n"
    "Logs go in batches of up to 4,096 and 1 MiB, one after the other, each tried once. What was\n"
    "acknowledged is counted; exit status 4 means that a part of the input was.";

constexpr std::string_view kPullDetails =
    "One line is one log:\n"
    "  "
    "{\"time\":1700000000,\"topic\":\"t\",\"source\":\"10.0.0.1\",\"tags\":{\"host\":\"web-1\"},\n"
    "   \"fields\":{\"level\":\"INFO\",\"msg\":\"hello\"},\"shard\":0,\"cursor\":\"MTIz\"}\n"
    "Text that is not UTF-8 is {\"base64\":\"...\"}; fields or tags whose keys repeat are a list "
    "of\n"
    "[key, value]. So nothing is lost, and `logstore put --json` takes the lines back.\n"
    "Places are: begin, end, Unix seconds, 2025-10-10T08:00:00Z, 15m (ago), cursor:TEXT (with "
    "--shard).\n"
    "Times are those at which the region received the logs.";

}  // namespace

std::vector<Command> logstore_commands() {
    const auto shard = repeated_flag("shard", "N", "this shard only; default: all");
    return {
        {"logstore create",
         "make a Logstore, and its project where there is none",
         "",
         {kLogstore},
         with_region({value_flag("shards", "N", "how many shards, 1 to 256", "2"),
                      value_flag("ttl", "DAYS", "how long logs are kept; 3650 is for ever", "30")}),
         run_create},
        {"logstore ls", "list a project's Logstores", "", {}, with_region({kOutput}), run_ls},
        {"logstore stat",
         "show a Logstore's shards and what they hold",
         "",
         {kLogstore},
         with_region({kOutput}),
         run_stat},
        {"logstore put",
         "write lines or JSON lines to a Logstore",
         kPutDetails,
         {kLogstore},
         with_region({value_flag("file", "FILE", "read this file; default: standard input"),
                      {.name = "json", .help = "each line is a JSON object"},
                      value_flag("topic", "TEXT", "topic of the logs"),
                      value_flag("source", "TEXT", "source of the logs, such as a host's address"),
                      repeated_flag("tag", "KEY=VALUE", "a tag of the logs"),
                      value_flag("compress", "CODEC", "lz4, zstd, deflate or none", "lz4")}),
         run_logstore_put},
        {"logstore pull",
         "print stored logs as JSON lines",
         kPullDetails,
         {kLogstore},
         with_region({shard, value_flag("from", "PLACE", "where to begin", "begin"),
                      value_flag("to", "PLACE", "where to end, not included", "end"),
                      value_flag("count", "N", "at most so many logs")}),
         run_logstore_pull},
        {"logstore tail",
         "print logs as they arrive, until Ctrl-C",
         kPullDetails,
         {kLogstore},
         with_region({shard, value_flag("from", "PLACE", "where to begin", "end"),
                      value_flag("limit", "N", "end after so many logs")}),
         run_logstore_tail},
    };
}

}  // namespace spillway::daemon
