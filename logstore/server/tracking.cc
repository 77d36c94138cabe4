#include "logstore/server/tracking.h"

#include "base/text.h"
#include "logstore/wire/error_table.h"

#include <string>

namespace spillway::server {

namespace {

Error wrong(std::string_view what) {
    return wire::service_error("PostBodyInvalid",
                               "web tracking: " + std::string(what) +
                                   "; a body is {\"__topic__\", \"__source__\", \"__tags__\": {}, "
                                   "\"__logs__\": [{}]}");
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

Log log_of(const json::object& contents, std::uint32_t now_unix_s) {
    Log log;
    log.time = now_unix_s;
    for (const auto& member : contents) {
        log.contents.push_back({std::string(member.key()), text_of(member.value())});
    }
    return log;
}

}  // namespace

Result<LogGroup> tracked_group(const json::object& body, std::uint32_t now_unix_s) {
    LogGroup group;
    group.topic = find_string(body, "__topic__").value_or("");
    group.source = find_string(body, "__source__").value_or("");
    if (const auto* tags = body.if_contains("__tags__")) {
        if (!tags->is_object()) return wrong("__tags__ is no object");
        for (const auto& tag : tags->as_object()) {
            group.tags.push_back({std::string(tag.key()), text_of(tag.value())});
        }
    }
    const auto* logs = find_array(body, "__logs__");
    if (logs == nullptr || logs->empty()) return wrong("__logs__ is no list of logs");
    for (const auto& log : *logs) {
        if (!log.is_object()) return wrong("__logs__ holds something that is no object");
        group.logs.push_back(log_of(log.as_object(), now_unix_s));
    }
    return group;
}

Result<LogGroup> tracked_query(const HttpTarget& target, std::uint32_t now_unix_s) {
    LogGroup group;
    Log log;
    log.time = now_unix_s;
    for (const auto& [key, value] : target.query) {
        if (equals_ignoring_case(key, "APIVersion")) continue;
        if (key == "__topic__") {
            group.topic = value;
        } else if (key == "__source__") {
            group.source = value;
        } else {
            log.contents.push_back({key, value});
        }
    }
    if (log.contents.empty()) {
        return wire::service_error("ParameterInvalid", "web tracking: the query holds no content");
    }
    group.logs.push_back(std::move(log));
    return group;
}

}  // namespace spillway::server
