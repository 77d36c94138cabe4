#include "daemon/quickstart/daemon_view.h"

#include "daemon/quickstart/layout.h"

namespace spillway::daemon::quickstart {
namespace {

// The one of `list` whose `key` is `name`.
const json::object* find_named(const json::object& status, std::string_view list,
                               std::string_view key, std::string_view name) {
    const json::array* items = find_array(status, list);
    if (items == nullptr) return nullptr;
    for (const json::value& item : *items) {
        const json::object* object = item.if_object();
        if (object != nullptr && find_string(*object, key) == std::string(name)) return object;
    }
    return nullptr;
}

std::string state_of(const json::object& status, const std::string& region) {
    const json::object* found = find_named(status, "regions", "region", region);
    return found == nullptr ? "" : find_string(*found, "state").value_or("");
}

std::string first_open_obligation(const json::object& pair) {
    const json::array* obligations = find_array(pair, "obligations");
    if (obligations == nullptr) return {};
    for (const json::value& item : *obligations) {
        const json::object* object = item.if_object();
        if (object == nullptr) continue;
        const json::value* closed = object->if_contains("closed_at");
        const bool is_open =
            find_bool(*object, "open").value_or(closed == nullptr || closed->is_null());
        if (!is_open) continue;
        return find_string(*object, "kind").value_or("obligation") + ": " +
               find_string(*object, "sentence").value_or("");
    }
    return {};
}

void read_pair(const json::object& status, DaemonView& view) {
    const json::object* pair = find_named(status, "pairs", "pair", kPair);
    if (pair == nullptr) return;
    view.active = find_string(*pair, "active").value_or("");
    view.pair_state = find_string(*pair, "state").value_or("");
    view.operation = find_string(*pair, "operation").value_or("");
    view.ready = find_bool(*pair, "ready").value_or(false);
    view.owed = first_open_obligation(*pair);
    const json::array* reasons = find_array(*pair, "not_ready");
    if (reasons != nullptr && !reasons->empty() && reasons->front().is_string()) {
        view.not_ready = std::string(reasons->front().get_string());
    }
}

void read_link(const json::object& status, DaemonView& view) {
    const json::object* link = find_named(status, "links", "name", kLink);
    if (link == nullptr) return;
    if (const json::object* error = find_object(*link, "last_error")) {
        view.link_trouble = find_string(*error, "message").value_or("");
    }
    const json::object* lag = find_object(*link, "lag");
    if (lag == nullptr) return;
    const json::value* seconds = lag->if_contains("seconds");
    const json::value* logs = lag->if_contains("logs");
    if (seconds != nullptr && seconds->is_number()) {
        view.lag_seconds = seconds->to_number<double>();
    }
    if (logs != nullptr && logs->is_number()) {
        view.lag_logs = static_cast<std::uint64_t>(logs->to_number<double>());
    }
}

}  // namespace

DaemonView read_status(const json::value& status, const std::string& source,
                       const std::string& target) {
    DaemonView view;
    const json::object* object = status.if_object();
    if (object == nullptr) return view;
    view.source_state = state_of(*object, source);
    view.target_state = state_of(*object, target);
    read_pair(*object, view);
    read_link(*object, view);
    return view;
}

}  // namespace spillway::daemon::quickstart
