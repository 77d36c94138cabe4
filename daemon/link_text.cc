#include "daemon/link_text.h"

#include "base/text.h"
#include "daemon/status_text.h"
#include "daemon/text_table.h"

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

/// A number as it is, text as it is; "unknown" for null.
std::string value_text(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) return "unknown";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

std::string bytes_text(const json::object& object, std::string_view key) {
    const auto number = find_int(object, key);
    return number ? human_bytes(static_cast<std::uint64_t>(*number)) : "unknown";
}

template <class Each>
void for_each_object(const json::object& object, std::string_view key, Each each) {
    const auto* array = find_array(object, key);
    if (array == nullptr) return;
    for (const auto& item : *array) {
        if (const auto* member = item.if_object()) each(*member);
    }
}

std::string state_text(const json::object& link) {
    const auto* lag = find_object(link, "lag");
    const bool stalled = lag != nullptr && find_bool(*lag, "stalled").value_or(false);
    return text_of(link, "state") + (stalled ? " (stalled)" : "");
}

std::string lag_text(const json::object& of) {
    const auto* lag = find_object(of, "lag");
    return lag == nullptr ? "unknown" : seconds_text(lag->if_contains("seconds"));
}

std::string behind_text(const json::object& of) {
    const auto* lag = find_object(of, "lag");
    if (lag == nullptr) return "unknown";
    const auto logs = find_int(*lag, "logs");
    if (!logs) return "unknown";
    return fmt::format("{} logs, {}", *logs, bytes_text(*lag, "bytes"));
}

std::string shard_state(const json::object& shard) {
    if (find_bool(shard, "faulted").value_or(false)) return "faulted";
    if (find_bool(shard, "drained").value_or(false)) return "drained";
    if (find_bool(shard, "waiting").value_or(false)) return "waiting for its parents";
    return find_bool(shard, "read_only").value_or(false) ? "copying (read-only)" : "copying";
}

std::string shards_table(const json::object& link) {
    TextTable table({"SHARD", "STATE", "LAG", "BEHIND", "CHECKPOINT", "SOURCE END", "LAST ACK"});
    for_each_object(link, "shards", [&](const json::object& shard) {
        table.row({value_text(shard, "shard"), shard_state(shard), lag_text(shard),
                   behind_text(shard), value_text(shard, "checkpoint"),
                   value_text(shard, "source_end"), value_text(shard, "last_ack")});
    });
    return table.empty() ? "" : "\n" + table.render();
}

std::string troubles(const json::object& link) {
    std::string text;
    if (const auto* error = find_object(link, "last_error")) {
        text += "  trouble    " + text_of(*error, "message") + "\n";
    }
    for_each_object(link, "shards", [&](const json::object& shard) {
        if (const auto* error = find_object(shard, "last_error")) {
            text += fmt::format("  shard {:<4} {}\n", value_text(shard, "shard"),
                                text_of(*error, "message"));
        }
    });
    return text;
}

std::string totals_text(const json::object& link) {
    const auto* totals = find_object(link, "totals");
    if (totals == nullptr) return "";
    return fmt::format(
        "  read       {} logs, {}\n  written    {} logs, {}\n  filtered   {} logs ({} of them "
        "would have gone in a circle)\n  set aside  {} logs\n  in flight  {} logs\n  refused by "
        "the fence and really there: {} batches\n",
        value_text(*totals, "logs_read"), bytes_text(*totals, "bytes_read_raw"),
        value_text(*totals, "logs_written"), bytes_text(*totals, "bytes_written_raw"),
        value_text(*totals, "logs_filtered"), value_text(*totals, "logs_looped"),
        value_text(*totals, "logs_dead"), value_text(*totals, "logs_in_flight"),
        value_text(*totals, "duplicates_suppressed"));
}

}  // namespace

std::string links_text(const json::object& links) {
    TextTable table(
        {"LINK", "STATE", "FROM", "TO", "LAG", "LOSS IF LOST NOW", "SET ASIDE", "DELIVERY"});
    for_each_object(links, "links", [&](const json::object& link) {
        table.row({text_of(link, "name"), state_text(link), text_of(link, "source"),
                   text_of(link, "target"), lag_text(link),
                   seconds_text(link.if_contains("rpo_seconds")),
                   value_text(link, "dead_letters_held"), text_of(link, "delivery")});
    });
    return table.empty() ? "the topology declares no link\n" : table.render();
}

std::string link_text(const json::object& link) {
    std::string delivery = text_of(link, "delivery");
    if (const auto reason = text_of(link, "delivery_reason"); !reason.empty()) {
        delivery += ", because " + reason;
    }
    std::string text = fmt::format(
        "{}: {} -> {}\n  state      {}\n  delivery   {}\n  lag        {}, {} behind\n  loss if "
        "the source died now: {}\n",
        text_of(link, "name"), text_of(link, "source"), text_of(link, "target"), state_text(link),
        delivery, lag_text(link), behind_text(link), seconds_text(link.if_contains("rpo_seconds")));
    text += totals_text(link);
    text += troubles(link);
    return text + shards_table(link);
}

std::string gaps_text(const json::object& gaps) {
    TextTable table({"NOTICED", "SHARD", "FROM", "TO", "GROUPS", "CAUSE", "DETAIL"});
    for_each_object(gaps, "gaps", [&](const json::object& gap) {
        table.row({text_of(gap, "noticed_at"), value_text(gap, "shard"), text_of(gap, "from"),
                   text_of(gap, "to"), value_text(gap, "groups"), text_of(gap, "cause"),
                   text_of(gap, "detail")});
    });
    return table.empty() ? "no gaps: nothing of the source went away before it was copied\n"
                         : table.render();
}

std::string verify_text(const json::object& verification) {
    const std::string state = text_of(verification, "state");
    std::string text =
        fmt::format("{}: {} (pages begun from {} to {})\n", text_of(verification, "link"), state,
                    text_of(verification, "from"), text_of(verification, "to"));
    if (const auto* error = find_object(verification, "error")) {
        text += "  " + text_of(*error, "message") + "\n";
    }
    const auto* report = find_object(verification, "report");
    if (report == nullptr) return text;
    text += fmt::format(
        "  {} logs, {} read back and compared in {} shard-minutes; {} of these differ\n",
        value_text(*report, "logs_checked"), bytes_text(*report, "bytes_checked"),
        value_text(*report, "minutes_checked"), value_text(*report, "minutes_differing"));
    for_each_object(*report, "findings", [&](const json::object& finding) {
        text += fmt::format("  {} shard {} minute {}: wanted {} logs, found {}; {}\n",
                            text_of(finding, "difference"), value_text(finding, "shard"),
                            text_of(finding, "minute"), value_text(finding, "expected_logs"),
                            value_text(finding, "actual_logs"), text_of(finding, "sentence"));
    });
    return text;
}

std::string places_text(const json::object& places) {
    std::string text = fmt::format("a reader goes on in {} at:\n", text_of(places, "logstore"));
    TextTable table({"SHARD", "CURSOR"});
    for_each_object(places, "places", [&](const json::object& place) {
        table.row({value_text(place, "shard"), text_of(place, "cursor")});
    });
    return text + table.render();
}

std::string dead_letters_text(const json::object& letters) {
    TextTable table({"ID", "NOTICED", "LOGS", "TARGET", "REASON"});
    for_each_object(letters, "dead_letters", [&](const json::object& letter) {
        const auto target = text_of(letter, "target");
        table.row({text_of(letter, "id"), text_of(letter, "noticed_at"), value_text(letter, "logs"),
                   target.empty() ? "(default)" : target, text_of(letter, "reason")});
    });
    return table.empty() ? "no dead letters: every record could be copied\n" : table.render();
}

std::string dead_letter_text(const json::object& letter) {
    std::string text = fmt::format("{}: {}\n  noticed {}, rule {}\n", text_of(letter, "id"),
                                   text_of(letter, "reason"), text_of(letter, "noticed_at"),
                                   text_of(letter, "rule_digest"));
    for_each_object(letter, "records", [&](const json::object& log) {
        text += fmt::format("  log of {}\n", value_text(log, "time"));
        const auto* fields = find_array(log, "fields");
        if (fields == nullptr) return;
        for (const auto& field : *fields) {
            const auto* pair = field.if_array();
            if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
                !(*pair)[1].is_string()) {
                continue;
            }
            text += fmt::format("    {}: {}\n", std::string((*pair)[0].get_string()),
                                std::string((*pair)[1].get_string()));
        }
    });
    return text;
}

}  // namespace spillway::daemon
