// The same JSON the API gives, as text for people: the command line and the report share it.
#include "base/text.h"
#include "switchover/api_json.h"

#include <cmath>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

std::string number_text(double value) {
    if (value == std::floor(value) && value >= 0 && value < 1e15) {
        return human_count(static_cast<std::uint64_t>(value));
    }
    return fmt::format("{:.1f}", value);
}

/// "at most 12.4 (why)", "0 exactly", "unknown (why)".
std::string measure_text(const json::object& parent, std::string_view key, std::string_view unit) {
    const auto* measure = find_object(parent, key);
    if (measure == nullptr) return "unknown";
    const auto bound = text_of(*measure, "bound");
    const auto reason = text_of(*measure, "reason");
    const auto* value = measure->if_contains("value");
    std::string text = "unknown";
    if (value != nullptr && value->is_number()) {
        text = number_text(value->to_number<double>()) + std::string(unit);
        text = bound == "exact" ? text + " (exact" : "at most " + text + " (upper bound";
        return text + (reason.empty() ? ")" : "; " + reason + ")");
    }
    return reason.empty() ? text : text + " (" + reason + ")";
}

template <class Each>
void for_each_object(const json::object& parent, std::string_view key, Each each) {
    const auto* array = find_array(parent, key);
    if (array == nullptr) return;
    for (const auto& entry : *array) {
        if (entry.is_object()) each(entry.get_object());
    }
}

void append_texts(std::string& text, const json::object& parent, std::string_view key,
                  std::string_view lead) {
    const auto* array = find_array(parent, key);
    if (array == nullptr) return;
    for (const auto& entry : *array) {
        if (!entry.is_string()) continue;
        text += fmt::format("{}{}\n", lead, std::string_view(entry.get_string()));
    }
}

std::string shard_text(const json::object& shard) {
    const auto end = find_string(shard, "source_end");
    return fmt::format("  shard {:<4} replicated to {:<16} source end {:<16} unreplicated {}\n",
                       find_int(shard, "shard").value_or(0), text_of(shard, "replicated_at_cut"),
                       end.value_or("unknown"), measure_text(shard, "loss_logs", " logs"));
}

}  // namespace

std::string report_text(const json::object& report) {
    std::string text =
        fmt::format("{} {} of pair {}: {} -> {}, epoch {}\n", text_of(report, "kind"),
                    text_of(report, "operation"), text_of(report, "pair"), text_of(report, "from"),
                    text_of(report, "to"), find_int(report, "epoch").value_or(0));
    text += fmt::format("started {}   committed {}\n", text_of(report, "started_at"),
                        text_of(report, "committed_at"));
    text +=
        find_bool(report, "final").value_or(false)
            ? fmt::format("final version, {}: the windows are closed\n", text_of(report, "made_at"))
            : fmt::format("first version, {}: bounds; exact numbers follow once {} is drained\n",
                          text_of(report, "made_at"), text_of(report, "from"));
    text += fmt::format("\nLoss window       {}\n                  {}\n",
                        measure_text(report, "loss_seconds", " s"),
                        measure_text(report, "loss_logs", " logs"));
    text += fmt::format("Still missing     {}\n", measure_text(report, "missing_logs", " logs"));
    text += fmt::format("Duplicate window  {}\n                  {}\n",
                        measure_text(report, "duplicate_seconds", " s"),
                        measure_text(report, "duplicate_logs", " logs"));
    if (const auto gap = find_int(report, "write_gap_ms")) {
        text += fmt::format("First data in {} {} after the start\n", text_of(report, "to"),
                            human_duration(milliseconds{*gap}));
    }
    text += "\nBy shard\n";
    for_each_object(report, "shards", [&](const auto& shard) { text += shard_text(shard); });
    text += "\nBy class\n";
    for_each_object(report, "classes", [&](const json::object& one) {
        text += fmt::format("  {}  {}: {}\n", text_of(one, "id"), text_of(one, "sentence"),
                            measure_text(one, "logs", " logs"));
    });
    append_texts(text, report, "notes", "note: ");
    return text;
}

std::string region_text(const json::object& region) {
    const auto since = find_string(region, "since");
    std::string text = fmt::format("{} is {}{}\n", text_of(region, "region"),
                                   text_of(region, "state"), since ? " since " + *since : "");
    append_texts(text, region, "why", "  ");
    return text;
}

std::string plan_text(const json::object& plan) {
    std::string text = fmt::format("Plan {} for pair {}: {} -> {} ({})\n", text_of(plan, "digest"),
                                   text_of(plan, "pair"), text_of(plan, "from"),
                                   text_of(plan, "to"), text_of(plan, "kind"));
    int number = 0;
    for_each_object(plan, "steps", [&](const json::object& step) {
        text += fmt::format("  {:>2} {:<15} {:<58} {}\n", ++number, text_of(step, "kind"),
                            text_of(step, "sentence"), text_of(step, "undo"));
    });
    for_each_object(plan, "moves", [&](const json::object& move) {
        text +=
            fmt::format("  move {} from group {} to {}, TailSizeKB {}\n", text_of(move, "config"),
                        text_of(move, "source_group"), text_of(move, "target_group"),
                        find_int(move, "tail_size_kb").value_or(0));
    });
    if (const auto* forecast = find_object(plan, "forecast")) {
        text +=
            fmt::format("Expected loss: {}, {}\n", measure_text(*forecast, "loss_seconds", " s"),
                        measure_text(*forecast, "loss_logs", " logs"));
        text +=
            fmt::format("Expected duplicates: {}\n",
                        measure_text(*forecast, "duplicate_bytes_per_file", " bytes of each file"));
    }
    int refused = 0;
    for_each_object(plan, "rules", [&](const json::object& rule) {
        const auto verdict = text_of(rule, "verdict");
        if (verdict != "refused" && verdict != "overridden") return;
        if (verdict == "refused") ++refused;
        const auto flag = text_of(rule, "override");
        text +=
            fmt::format("{} {}: {}{}\n", verdict, text_of(rule, "rule"), text_of(rule, "sentence"),
                        flag.empty() ? " (no override)" : " (override: " + flag + ")");
    });
    append_texts(text, plan, "warnings", "warning: ");
    const auto* warnings = find_array(plan, "warnings");
    text += fmt::format("{} blocker(s), {} warning(s)\n", refused,
                        warnings == nullptr ? 0 : warnings->size());
    return text;
}

std::string operation_text(const json::object& operation) {
    const auto* plan = find_object(operation, "plan");
    const json::object none;
    if (plan == nullptr) plan = &none;
    std::string text =
        fmt::format("{}: {} of pair {} from {} to {}, {}\n", text_of(operation, "id"),
                    text_of(*plan, "kind"), text_of(*plan, "pair"), text_of(*plan, "from"),
                    text_of(*plan, "to"), text_of(operation, "phase"));
    text += fmt::format("started {} by {}: {}\n", text_of(operation, "started_at"),
                        text_of(operation, "requested_by"), text_of(operation, "reason"));
    const auto next = find_int(operation, "next_step").value_or(0);
    std::int64_t number = 0;
    for_each_object(*plan, "steps", [&](const json::object& step) {
        const char* mark = number < next ? "done" : number == next ? "now" : "";
        text += fmt::format("  {:>2} {:<15} {:<5} {}\n", number + 1, text_of(step, "kind"), mark,
                            text_of(step, "sentence"));
        ++number;
    });
    if (const auto now = text_of(operation, "now_doing"); !now.empty()) text += now + "\n";
    return text;
}

}  // namespace spillway::switchover
