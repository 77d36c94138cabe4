#include "daemon/status_text.h"

#include "base/text.h"
#include "daemon/text_table.h"

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

std::optional<double> number_of(const json::value* value) {
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
}

std::string count_text(const json::value* value) {
    const auto number = number_of(value);
    return number ? human_count(static_cast<std::uint64_t>(*number)) : "unknown";
}

std::string bytes_text(const json::value* value) {
    const auto number = number_of(value);
    return number ? human_bytes(static_cast<std::uint64_t>(*number)) : "unknown";
}

class Paint {
  public:
    explicit Paint(bool colour) : colour_(colour) {}
    std::string red(const std::string& text) const { return wrap("31;1", text); }
    std::string bold(const std::string& text) const { return wrap("1", text); }

  private:
    std::string wrap(std::string_view code, const std::string& text) const {
        return colour_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
    }
    bool colour_;
};

template <class Each>
void for_each_object(const json::object& status, std::string_view key, Each each) {
    const auto* array = find_array(status, key);
    if (array == nullptr) return;
    for (const auto& item : *array) {
        if (const auto* object = item.if_object()) each(*object);
    }
}

std::string pairs_table(const json::object& status) {
    TextTable table(
        {"PAIR", "ACTIVE", "STANDBY", "STATE", "EPOCH", "READY", "LAG", "LOSS IF LOST NOW"});
    for_each_object(status, "pairs", [&](const json::object& pair) {
        table.row({text_of(pair, "pair"), text_of(pair, "active"), text_of(pair, "standby"),
                   text_of(pair, "state"), count_text(pair.if_contains("epoch")),
                   find_bool(pair, "ready").value_or(false) ? "yes" : "no",
                   milliseconds_text(pair.if_contains("lag_ms")),
                   milliseconds_text(pair.if_contains("rpo_ms"))});
    });
    return table.empty() ? "" : table.render() + "\n";
}

std::string links_table(const json::object& status) {
    TextTable table(
        {"LINK", "STATE", "LAG", "BEHIND", "COPIED", "DROPPED", "SET ASIDE", "DELIVERY"});
    for_each_object(status, "links", [&](const json::object& link) {
        const auto* lag = find_object(link, "lag");
        const auto* totals = find_object(link, "totals");
        if (lag == nullptr || totals == nullptr) return;
        std::string state = text_of(link, "state");
        if (find_bool(*lag, "stalled").value_or(false)) state += " (stalled)";
        table.row({text_of(link, "name"), state, seconds_text(lag->if_contains("seconds")),
                   fmt::format("{} logs, {}", count_text(lag->if_contains("logs")),
                               bytes_text(lag->if_contains("bytes"))),
                   fmt::format("{} logs, {}", count_text(totals->if_contains("logs_written")),
                               bytes_text(totals->if_contains("bytes_written_raw"))),
                   count_text(totals->if_contains("logs_filtered")),
                   count_text(totals->if_contains("logs_dead")), text_of(link, "delivery")});
    });
    return table.empty() ? "" : table.render() + "\n";
}

std::string regions_table(const json::object& status) {
    TextTable table({"REGION", "STATE", "LAST ANSWER", "WHY"});
    for_each_object(status, "regions", [&](const json::object& region) {
        const auto* why = find_array(region, "why");
        std::string first;
        if (why != nullptr && !why->empty() && why->front().is_string()) {
            first = std::string(why->front().get_string());
        }
        std::string last = text_of(region, "last_ok");
        table.row({text_of(region, "region"), text_of(region, "state"),
                   last.empty() ? "never" : last, first});
    });
    return table.empty() ? "" : table.render() + "\n";
}

/// What a person should know beside the figures: why a pair is not ready, what is owed, what fails.
std::string remarks(const json::object& status, const Paint& paint) {
    std::string text;
    for_each_object(status, "pairs", [&](const json::object& pair) {
        const std::string name = text_of(pair, "pair");
        if (const auto* reasons = find_array(pair, "not_ready")) {
            for (const auto& reason : *reasons) {
                if (reason.is_string()) {
                    text += fmt::format("  pair {} is not ready: {}\n", name,
                                        std::string(reason.get_string()));
                }
            }
        }
        for_each_object(pair, "obligations", [&](const json::object& owed) {
            const auto* closed = owed.if_contains("closed_at");
            if (closed != nullptr && !closed->is_null()) return;
            text += fmt::format("  pair {} still owes {} in {}: {}\n", name, text_of(owed, "kind"),
                                text_of(owed, "region"), text_of(owed, "sentence"));
        });
        if (const auto sentence = text_of(pair, "sentence"); !sentence.empty()) {
            text += fmt::format("  pair {}: {}\n", name, sentence);
        }
    });
    for_each_object(status, "links", [&](const json::object& link) {
        if (const auto* error = find_object(link, "last_error")) {
            text += fmt::format("  link {}: {}\n", text_of(link, "name"),
                                paint.red(text_of(*error, "message")));
        }
    });
    for_each_object(status, "backups", [&](const json::object& backup) {
        if (const auto refused = text_of(backup, "refused"); !refused.empty()) {
            text += fmt::format("  backup of {}/{} was not taken: {}\n", text_of(backup, "region"),
                                text_of(backup, "project"), paint.red(refused));
        }
    });
    return text;
}

}  // namespace

std::string seconds_text(const json::value* seconds) {
    const auto number = number_of(seconds);
    if (!number) return "unknown";
    return human_duration(std::chrono::milliseconds{static_cast<std::int64_t>(*number * 1000)});
}

std::string milliseconds_text(const json::value* milliseconds) {
    const auto number = number_of(milliseconds);
    if (!number) return "unknown";
    return human_duration(std::chrono::milliseconds{static_cast<std::int64_t>(*number)});
}

std::string status_text(const json::object& status, bool colour) {
    const Paint paint(colour);
    std::string text =
        fmt::format("{}  config {}  running since {}\n\n", paint.bold(text_of(status, "name")),
                    text_of(status, "config_digest"), text_of(status, "started_at"));
    text += pairs_table(status);
    text += links_table(status);
    text += regions_table(status);
    if (const auto notes = remarks(status, paint); !notes.empty()) text += notes;
    return text;
}

}  // namespace spillway::daemon
