// collector list|backup|diff|export|restore: the backups of who collects what.

#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/commands/commands.h"
#include "daemon/text_table.h"
#include "switchover/backup.h"
#include "switchover/codec.h"

#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

constexpr int kSame = 0;
constexpr int kDiffers = 1;

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

bool wants_json(const Arguments& arguments) {
    return arguments.get("output") == "json";
}

Result<json::object> object_of(Result<json::value> answer) {
    if (!answer) return std::move(answer).error();
    if (!answer->is_object()) {
        return make_error(ErrorCode::Internal, "the daemon answered no JSON object");
    }
    return std::move(answer->get_object());
}

std::string backup_path(const std::string& id, std::string_view what = {}) {
    std::string path = "/api/v1/backups/" + percent_encode(id);
    if (!what.empty()) path += "/" + std::string(what);
    return path;
}

int list(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    auto listed = object_of(client.get(fmt::format("/api/v1/backups?region={}&project={}",
                                                   percent_encode(arguments.get("region")),
                                                   percent_encode(arguments.get("project")))));
    if (!listed) return report_admin_error(listed.error(), streams);
    if (wants_json(arguments)) {
        streams.out << pretty_json(*listed) << "\n";
        return kExitDone;
    }
    TextTable table({"ID", "NUMBER", "REGION", "PROJECT", "TAKEN", "CONFIGS", "GROUPS"});
    if (const auto* backups = find_array(*listed, "backups")) {
        for (const auto& entry : *backups) {
            const auto& version = entry.as_object();
            const auto& snapshot = version.at("snapshot").as_object();
            table.row({text_of(version, "id"),
                       std::to_string(find_int(version, "number").value_or(0)),
                       text_of(snapshot, "region"), text_of(snapshot, "project"),
                       text_of(version, "taken_at"),
                       std::to_string(find_int(snapshot, "config_count").value_or(0)),
                       std::to_string(find_int(snapshot, "group_count").value_or(0))});
        }
    }
    streams.out << table.render();
    return kExitDone;
}

/// A round that was not taken is told per project; the status says that something was.
int backup(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    json::object body;
    if (arguments.has("region")) body["region"] = arguments.get("region");
    if (arguments.has("accept-shrink")) body["accept_shrink"] = true;
    auto taken = object_of(client.post("/api/v1/backups", body));
    if (!taken) return report_admin_error(taken.error(), streams);
    if (wants_json(arguments)) streams.out << pretty_json(*taken) << "\n";
    int status = kExitDone;
    const auto* heads = find_array(*taken, "backups");
    for (std::size_t i = 0; heads != nullptr && i < heads->size(); ++i) {
        const auto& head = (*heads)[i].as_object();
        const auto refused = text_of(head, "refused");
        if (!refused.empty()) {
            status = kExitPartly;
            streams.err << "error: " << text_of(head, "region") << "/" << text_of(head, "project")
                        << ": " << refused << "\n";
        } else if (!wants_json(arguments)) {
            streams.out << fmt::format("{}/{}: backup {} (number {}) agrees with the region\n",
                                       text_of(head, "region"), text_of(head, "project"),
                                       text_of(head, "id"), find_int(head, "number").value_or(0));
        }
    }
    return status;
}

Result<switchover::BackupVersion> fetch(AdminClient& client, const std::string& id) {
    auto object = object_of(client.get(backup_path(id)));
    if (!object) return std::move(object).error();
    return switchover::decode_version(*object);
}

int diff(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    auto before = fetch(client, arguments.positional("OLD"));
    if (!before) return report_admin_error(before.error(), streams);
    auto after = fetch(client, arguments.positional("NEW"));
    if (!after) return report_admin_error(after.error(), streams);
    const auto lines = switchover::diff(before->snapshot, after->snapshot);
    if (wants_json(arguments)) {
        json::array differences;
        for (const auto& line : lines) differences.emplace_back(line);
        streams.out << pretty_json(json::object{{"schema", "spillway/v1/backup_diff"},
                                                {"differences", std::move(differences)}})
                    << "\n";
    } else {
        for (const auto& line : lines) streams.out << line << "\n";
    }
    return lines.empty() ? kSame : kDiffers;
}

int export_backup(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    auto version = object_of(client.get(backup_path(arguments.positional("ID"))));
    if (!version) return report_admin_error(version.error(), streams);
    streams.out << pretty_json(*version) << "\n";
    return kExitDone;
}

int consent(const Arguments& arguments, Streams& streams,
            const switchover::BackupVersion& version) {
    const auto& snapshot = version.snapshot;
    streams.err << fmt::format(
        "backup {} of {}: puts {} config(s), {} machine group(s) and their bindings back into "
        "{}/{}; takes nothing away\n",
        version.id, rfc3339(version.taken_at), snapshot.configs.size(), snapshot.groups.size(),
        snapshot.region.str(), snapshot.project.str());
    if (arguments.has("yes")) return kExitDone;
    if (&streams.in != &std::cin || isatty(STDIN_FILENO) == 0) {
        streams.err << "error: this needs consent and stdin is not a terminal\n"
                       "  nothing was changed; say --yes if you mean it\n";
        return kExitUsage;
    }
    streams.err << "Type yes to go on (--yes skips this question): " << std::flush;
    std::string typed;
    std::getline(streams.in, typed);
    if (trim(typed) == "yes") return kExitDone;
    streams.err << "not confirmed; nothing was changed\n";
    return kExitRefused;
}

int restore(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    auto version = fetch(client, arguments.positional("ID"));
    if (!version) return report_admin_error(version.error(), streams);
    if (const int no = consent(arguments, streams, *version); no != kExitDone) return no;
    auto done = object_of(client.post(backup_path(version->id, "restore"), json::object{}));
    if (!done) return report_admin_error(done.error(), streams);
    if (wants_json(arguments)) {
        streams.out << pretty_json(*done) << "\n";
        return kExitDone;
    }
    const auto* changes = find_array(*done, "changes");
    for (std::size_t i = 0; changes != nullptr && i < changes->size(); ++i) {
        streams.out << std::string_view((*changes)[i].as_string()) << "\n";
    }
    if (changes == nullptr || changes->empty()) {
        streams.out << "nothing differed; nothing was written\n";
    }
    return kExitDone;
}

Flag value_flag(std::string_view name, std::string_view value_name, std::string_view help) {
    Flag flag;
    flag.name = name;
    flag.value_name = value_name;
    flag.help = help;
    return flag;
}

Flag output_flag() {
    auto flag = value_flag("output", "FORMAT", "table or json");
    flag.letter = 'o';
    flag.fallback = "table";
    return flag;
}

Command command_of(std::string_view path, std::string_view summary,
                   std::vector<Positional> positionals, std::vector<Flag> flags,
                   int (*run)(const Arguments&, Streams&)) {
    Command command;
    command.path = path;
    command.summary = summary;
    command.positionals = std::move(positionals);
    command.flags = std::move(flags);
    command.flags.push_back(output_flag());
    command.flags.push_back(server_flag());
    command.run = [run](const Arguments& arguments, Streams& streams) {
        const auto output = arguments.get("output");
        if (output == "table" || output == "json") return run(arguments, streams);
        streams.err << "error: -o " << output << " is not known; use table or json\n";
        return static_cast<int>(kExitUsage);
    };
    return command;
}

}  // namespace

std::vector<Command> collector_commands() {
    const auto region = value_flag("region", "REGION", "only this region");
    const Positional id{"ID", "a backup's id, or a prefix that names one"};
    return {
        command_of("collector list", "List the backups, newest first", {},
                   {region, value_flag("project", "PROJECT", "only this project")}, list),
        command_of("collector backup", "Back up configs, machine groups and bindings now", {},
                   {region, value_flag("accept-shrink", {}, "believe a list that shrank (R14)")},
                   backup),
        command_of("collector diff", "Show what changed between two backups; 0 same, 1 differs",
                   {{"OLD", "a backup's id"}, {"NEW", "a backup's id"}}, {}, diff),
        command_of("collector export", "Print a backup whole, as JSON", {id}, {}, export_backup),
        command_of("collector restore", "Put a backup back into the region it came from", {id},
                   {value_flag("yes", {}, "do not ask")}, restore),
    };
}

}  // namespace spillway::daemon
