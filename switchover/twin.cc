#include "switchover/twin.h"

#include "base/hash.h"
#include "base/text.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr std::uint32_t kTailKbUnknown = 102'400;
constexpr double kTailKbMin = 1'024;
constexpr double kTailKbMax = 10'485'760;

json::object& child(json::object& parent, std::string_view key) {
    auto& value = parent[key];
    if (!value.is_object()) value = json::object{};
    return value.get_object();
}

json::array* array_in(json::object& parent, std::string_view key) {
    auto* value = parent.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

std::string host_of(std::string_view endpoint) {
    if (const auto scheme = endpoint.find("://"); scheme != std::string_view::npos) {
        endpoint.remove_prefix(scheme + 3);
    }
    return std::string(endpoint.substr(0, endpoint.find('/')));
}

/// Re-points every flusher_sls; false when there is none.
bool repoint_flushers(json::object& body, const TwinTarget& target) {
    auto* flushers = array_in(body, "flushers");
    if (flushers == nullptr) return false;
    bool any = false;
    for (auto& entry : *flushers) {
        auto* flusher = entry.if_object();
        if (flusher == nullptr || find_string(*flusher, "Type") != "flusher_sls") continue;
        (*flusher)["Project"] = target.logstore.project.str();
        (*flusher)["Logstore"] = target.logstore.logstore.str();
        (*flusher)["Region"] = target.sls_region;
        (*flusher)["Endpoint"] = host_of(target.endpoint);
        any = true;
    }
    return any;
}

void widen_inputs(json::object& body, const TwinTarget& target) {
    auto* inputs = array_in(body, "inputs");
    if (inputs == nullptr) return;
    for (auto& entry : *inputs) {
        auto* input = entry.if_object();
        if (input == nullptr) continue;
        const auto type = find_string(*input, "Type").value_or("");
        if (type != "input_file" && type != "file_log") continue;
        (*input)["TailSizeKB"] = target.tail_size_kb;
        (*input)["AllowingIncludedByMultiConfigs"] = true;
    }
}

Status twin_pipeline(json::object& body, const TwinTarget& target) {
    if (!repoint_flushers(body, target)) {
        return make_error(ErrorCode::InvalidArgument, "it has no flusher of type flusher_sls");
    }
    widen_inputs(body, target);
    child(body, "global")["SpillwayEpoch"] = target.epoch;
    return {};
}

Status twin_classic(json::object& body, const TwinTarget& target) {
    if (find_object(body, "outputDetail") == nullptr) {
        return make_error(ErrorCode::InvalidArgument, "it has no outputDetail");
    }
    auto& output = child(body, "outputDetail");
    output["projectName"] = target.logstore.project.str();
    output["logstoreName"] = target.logstore.logstore.str();
    output["region"] = target.sls_region;
    output["endpoint"] = host_of(target.endpoint);
    auto& advanced = child(child(body, "inputDetail"), "advanced");
    advanced["force_multiconfig"] = true;
    advanced["tail_size_kb"] = target.tail_size_kb;
    advanced["spillway_epoch"] = target.epoch;
    return {};
}

void drop_times(json::object& body) {
    body.erase("createTime");
    body.erase("lastModifyTime");
}

void erase_in(json::object& parent, std::string_view key,
              std::initializer_list<std::string_view> members) {
    auto* value = parent.if_contains(key);
    if (value == nullptr || !value->is_object()) return;
    for (const auto member : members) value->get_object().erase(member);
    if (value->get_object().empty()) parent.erase(key);
}

void erase_in_each(json::object& body, std::string_view key,
                   std::initializer_list<std::string_view> members) {
    auto* entries = array_in(body, key);
    if (entries == nullptr) return;
    for (auto& entry : *entries) {
        if (!entry.is_object()) continue;
        for (const auto member : members) entry.get_object().erase(member);
    }
}

void diff_json(const json::value& before, const json::value& after, const std::string& path,
               std::vector<std::string>& paths) {
    if (before.is_object() && after.is_object()) {
        std::set<std::string> keys;
        for (const auto& member : before.get_object()) keys.insert(std::string(member.key()));
        for (const auto& member : after.get_object()) keys.insert(std::string(member.key()));
        for (const auto& key : keys) {
            const auto* left = before.get_object().if_contains(key);
            const auto* right = after.get_object().if_contains(key);
            const std::string deeper = path.empty() ? key : path + "." + key;
            if (left == nullptr || right == nullptr) {
                paths.push_back(deeper);
            } else {
                diff_json(*left, *right, deeper, paths);
            }
        }
    } else if (before.is_array() && after.is_array() &&
               before.get_array().size() == after.get_array().size()) {
        for (std::size_t i = 0; i < before.get_array().size(); ++i) {
            diff_json(before.get_array()[i], after.get_array()[i], fmt::format("{}[{}]", path, i),
                      paths);
        }
    } else if (canonical_json(before) != canonical_json(after)) {
        paths.push_back(path);
    }
}

std::string digest(const json::object& body) {
    return to_hex(sha256(canonical_json(body)));
}

}  // namespace

Result<CollectorConfig> make_twin(const CollectorConfig& origin, const TwinTarget& target) {
    CollectorConfig twin = origin;
    drop_times(twin.body);
    const auto made = origin.form == ConfigForm::Pipeline ? twin_pipeline(twin.body, target)
                                                          : twin_classic(twin.body, target);
    if (!made) {
        return Error(made.error())
            .while_doing("config " + origin.name.str() + " cannot be re-pointed");
    }
    return twin;
}

std::uint32_t tail_size_kb(std::optional<double> peak_kb_per_second, seconds span) {
    if (!peak_kb_per_second) return kTailKbUnknown;
    const double wanted = std::ceil(1.5 * *peak_kb_per_second * static_cast<double>(span.count()));
    return static_cast<std::uint32_t>(std::clamp(wanted, kTailKbMin, kTailKbMax));
}

std::optional<Epoch> epoch_of(const CollectorConfig& config) {
    std::optional<std::int64_t> mark;
    if (config.form == ConfigForm::Pipeline) {
        if (const auto* global = find_object(config.body, "global")) {
            mark = find_int(*global, "SpillwayEpoch");
        }
    } else if (const auto* input = find_object(config.body, "inputDetail")) {
        if (const auto* advanced = find_object(*input, "advanced")) {
            mark = find_int(*advanced, "spillway_epoch");
        }
    }
    if (!mark || *mark < 0) return std::nullopt;
    return static_cast<Epoch>(*mark);
}

std::string digest_of(const CollectorConfig& config) {
    json::object body = config.body;
    drop_times(body);
    return digest(body);
}

namespace {

/// What an origin and its twin have in common: times and target-dependent members left out.
json::object normalised(const CollectorConfig& config) {
    json::object body = config.body;
    drop_times(body);
    erase_in(body, "global", {"SpillwayEpoch"});
    erase_in_each(body, "flushers", {"Project", "Logstore", "Region", "Endpoint"});
    erase_in_each(body, "inputs", {"TailSizeKB", "AllowingIncludedByMultiConfigs"});
    erase_in(body, "outputDetail", {"projectName", "logstoreName", "region", "endpoint"});
    if (auto* input = body.if_contains("inputDetail"); input != nullptr && input->is_object()) {
        erase_in(input->get_object(), "advanced",
                 {"force_multiconfig", "tail_size_kb", "spillway_epoch"});
    }
    return body;
}

}  // namespace

std::vector<std::string> drift_between(const CollectorConfig& origin, const CollectorConfig& twin) {
    return differing_paths(normalised(origin), normalised(twin));
}

std::vector<std::string> differing_paths(const json::value& before, const json::value& after) {
    std::vector<std::string> paths;
    diff_json(before, after, "", paths);
    return paths;
}

bool holds(const json::value& actual, const json::value& wanted) {
    if (const auto* object = wanted.if_object()) {
        const auto* other = actual.if_object();
        if (other == nullptr) return false;
        return std::all_of(object->begin(), object->end(), [other](const auto& member) {
            const auto* found = other->if_contains(member.key());
            return found != nullptr && holds(*found, member.value());
        });
    }
    if (const auto* array = wanted.if_array()) {
        const auto* other = actual.if_array();
        return other != nullptr && other->size() == array->size() &&
               std::equal(array->begin(), array->end(), other->begin(),
                          [](const auto& want, const auto& have) { return holds(have, want); });
    }
    return canonical_json(actual) == canonical_json(wanted);
}

}  // namespace spillway::switchover
