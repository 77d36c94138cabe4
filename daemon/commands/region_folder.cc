#include "daemon/commands/region_folder.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/storage/durable_file.h"
#include "base/text.h"
#include "logstore/engine/inspect.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

using engine::FolderReport;
using engine::InspectDepth;
using engine::LogstoreReport;
using engine::SegmentReport;

int folder_error(const Error& error, Streams& streams) {
    std::string_view what_now = "give the folder that region serve was started with (--data)";
    if (error.code == ErrorCode::Conflict) what_now = "stop that region first, then check again";
    if (error.code == ErrorCode::Corrupt) {
        what_now =
            "the catalog cannot be read: restore catalog.db from a backup; the segments in "
            "logs/ are not touched";
    }
    return report_error(error, streams, what_now);
}

void print_problems(const LogstoreReport& logstore, const SegmentReport& segment,
                    std::ostream& out) {
    const auto where = fmt::format("{} {}", logstore.ref.to_string(), segment.path);
    if (segment.is_header_damaged) {
        out << fmt::format("damaged  {}: the header (its records stay readable)\n", where);
    }
    if (!segment.index_problem.empty()) {
        out << fmt::format("damaged  {}: the index: {}\n", where, segment.index_problem);
    }
    for (const auto& range : segment.damaged) {
        out << fmt::format("damaged  {}: bytes {} to {} hold records that are not served\n", where,
                           range.begin, range.end);
    }
    for (const auto& range : segment.isolated) {
        out << fmt::format("note     {}: bytes {} to {} were damaged and are set aside\n", where,
                           range.begin, range.end);
    }
    if (segment.torn_bytes > 0) {
        out << fmt::format(
            "note     {}: {} bytes of an unfinished write, never acknowledged; the "
            "next start cuts them\n",
            where, segment.torn_bytes);
    }
}

void print_report(const FolderReport& report, std::ostream& out) {
    std::uint64_t segments = 0;
    std::uint64_t records = 0;
    for (const auto& logstore : report.logstores) {
        for (const auto& segment : logstore.segments) {
            print_problems(logstore, segment, out);
            ++segments;
            for (const auto& run : segment.summary.runs) records += run.count;
        }
    }
    out << fmt::format("checked {} Logstores, {} segments, {} LogGroups, {}: {}\n",
                       report.logstores.size(), segments, human_count(records),
                       human_bytes(report.bytes_read),
                       report.is_sound() ? "sound" : "damage found");
}

int check(const Arguments& arguments, Streams& streams) {
    const auto path = arguments.positional("DATA");
    const auto files = engine::make_posix_file_system();
    // First without the lock, so that a folder that is none does not get one.
    auto format = read_file(path + "/format", 4096);
    if (!format) return folder_error(std::move(format).error().while_doing(path), streams);
    auto lock = FileLock::acquire(path + "/lock");
    if (!lock) return folder_error(lock.error(), streams);
    auto report = engine::inspect_folder(path, InspectDepth::Full, *files);
    if (!report) return folder_error(report.error(), streams);
    print_report(*report, streams.out);
    if (report->is_sound()) return kExitDone;
    if (!arguments.has("repair")) {
        streams.err << "  nothing was changed; --repair sets the damage aside, so that a region "
                       "serves the rest\n";
        return kExitFailed;
    }
    auto changed = engine::isolate_damage(path, *report, *files);
    if (!changed) return folder_error(changed.error(), streams);
    streams.out << fmt::format(
        "repaired {} segments; damaged bytes were copied to {}/damaged, the records in them are "
        "lost here\n",
        *changed, path);
    return kExitDone;
}

struct Totals {
    std::uint64_t groups = 0;
    std::uint64_t logs = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t damaged = 0;
    std::int64_t oldest_ns = 0;
    std::int64_t newest_ns = 0;
};

Totals totals_of(const LogstoreReport& logstore) {
    Totals totals;
    for (const auto& segment : logstore.segments) {
        const auto& summary = segment.summary;
        totals.disk_bytes += summary.tail;
        totals.damaged += summary.damaged;
        if (totals.oldest_ns == 0) totals.oldest_ns = summary.first_receive_ns;
        totals.newest_ns = std::max(totals.newest_ns, summary.last_receive_ns);
        for (const auto& run : summary.runs) {
            totals.groups += run.count;
            totals.logs += run.logs;
            totals.raw_bytes += run.raw_bytes;
        }
    }
    return totals;
}

std::string time_text(std::int64_t nanoseconds) {
    if (nanoseconds == 0) return "-";
    return rfc3339(WallTime{Nanoseconds{nanoseconds}});
}

json::object stat_json(const LogstoreReport& logstore) {
    const auto totals = totals_of(logstore);
    return {{"project", logstore.ref.project.str()},
            {"logstore", logstore.ref.logstore.str()},
            {"shards", logstore.shards.size()},
            {"groups", totals.groups},
            {"logs", totals.logs},
            {"raw_bytes", totals.raw_bytes},
            {"disk_bytes", totals.disk_bytes},
            {"segments", logstore.segments.size()},
            {"damaged_records", totals.damaged},
            {"oldest_received", time_text(totals.oldest_ns)},
            {"newest_received", time_text(totals.newest_ns)}};
}

void print_table(const FolderReport& report, std::ostream& out) {
    out << fmt::format("{:<32} {:>6} {:>12} {:>14} {:>10} {:>10} {:>8} {:<24}\n", "LOGSTORE",
                       "SHARDS", "GROUPS", "LOGS", "RAW", "ON DISK", "DAMAGED", "NEWEST RECEIVED");
    for (const auto& logstore : report.logstores) {
        const auto totals = totals_of(logstore);
        out << fmt::format("{:<32} {:>6} {:>12} {:>14} {:>10} {:>10} {:>8} {:<24}\n",
                           logstore.ref.to_string(), logstore.shards.size(),
                           human_count(totals.groups), human_count(totals.logs),
                           human_bytes(totals.raw_bytes), human_bytes(totals.disk_bytes),
                           totals.damaged, time_text(totals.newest_ns));
    }
}

int stat(const Arguments& arguments, Streams& streams) {
    const auto output = arguments.get("output");
    if (output != "table" && output != "json") {
        streams.err << "error: -o \"" << output << "\" is neither table nor json\n";
        return kExitUsage;
    }
    const auto files = engine::make_posix_file_system();
    auto report =
        engine::inspect_folder(arguments.positional("DATA"), InspectDepth::Summary, *files);
    if (!report) return folder_error(report.error(), streams);
    if (output == "table") {
        print_table(*report, streams.out);
        return kExitDone;
    }
    json::array logstores;
    for (const auto& logstore : report->logstores) logstores.push_back(stat_json(logstore));
    streams.out << pretty_json(json::object{{"logstores", std::move(logstores)}}) << "\n";
    return kExitDone;
}

}  // namespace

Command region_check_command() {
    Command command;
    command.path = "region check";
    command.summary = "Check a stopped region's folder byte by byte";
    command.details =
        "Reads every segment and index, compares every checksum, and names what is damaged.\n"
        "With --repair the damage is set aside: the damaged bytes are copied to DATA/damaged and\n"
        "the indexes are written anew, so that a region serves everything else. What the damaged\n"
        "records held is lost here; replicate it again from the other region.\n"
        "\n"
        "Exit status: 0 sound or repaired, 1 damage found, 3 the region is running.\n"
        "\n"
        "Example:\n"
        "  spillway region check ./hz";
    command.positionals = {{"DATA", "The region's folder", true, false}};
    command.flags = {{"repair", 0, "", "Set damage aside", "", false, false}};
    command.run = check;
    return command;
}

Command region_stat_command() {
    Command command;
    command.path = "region stat";
    command.summary = "Show what a region's folder holds, running or not";
    command.details =
        "Example:\n"
        "  spillway region stat ./hz";
    command.positionals = {{"DATA", "The region's folder", true, false}};
    command.flags = {{"output", 'o', "FORMAT", "table or json", "table", false, false}};
    command.run = stat;
    return command;
}

}  // namespace spillway::daemon
