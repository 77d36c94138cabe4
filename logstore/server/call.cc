#include "logstore/server/call.h"

#include "base/text.h"
#include "logstore/wire/error_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::server {

namespace {
constexpr std::uint64_t kPageDefault = 100;
constexpr std::uint64_t kPageMax = 500;
}  // namespace

std::optional<std::string_view> Call::parameter(std::string_view name) const {
    for (const auto& [key, value] : target.query) {
        if (!value.empty() && equals_ignoring_case(key, name)) return value;
    }
    return std::nullopt;
}

std::string Call::parameter_or(std::string_view name, std::string_view fallback) const {
    return std::string(parameter(name).value_or(fallback));
}

Result<std::uint64_t> Call::number(std::string_view name, std::uint64_t fallback) const {
    const auto text = parameter(name);
    if (!text) return fallback;
    if (const auto number = parse_uint(*text)) return *number;
    return wire::service_error(
        "ParameterInvalid",
        fmt::format("parameter {} is \"{}\", not a whole number", name, to_valid_utf8(*text)));
}

bool Call::flag(std::string_view name) const {
    return equals_ignoring_case(parameter(name).value_or(""), "true");
}

Result<json::value> Call::body_json() const {
    auto value = parse_json(request.body);
    if (value) return value;
    return wire::service_error("PostBodyInvalid",
                               "the body is not valid JSON: " + value.error().message);
}

Result<json::object> Call::body_object() const {
    auto value = body_json();
    if (!value) return std::move(value).error();
    if (auto* object = value->if_object()) return std::move(*object);
    return wire::service_error("PostBodyInvalid", "the body is not a JSON object");
}

Answer empty_answer() {
    return HttpResponse{};
}

Answer json_answer(const json::value& value) {
    HttpResponse response;
    response.headers.add("content-type", "application/json");
    response.body = json::serialize(value);
    return response;
}

Answer answer_of(Status status) {
    if (!status) return std::move(status).error();
    return empty_answer();
}

Handler plain(PlainHandler handler) {
    return [handler](engine::Engine& engine, const std::shared_ptr<Call>& call,
                     const Reply& reply) { reply(handler(engine, *call)); };
}

Result<NamePage> page_of(const Call& call, const std::vector<std::string>& names,
                         std::string_view filter_parameter) {
    auto offset = call.number("offset", 0);
    if (!offset) return std::move(offset).error();
    auto size = call.number("size", kPageDefault);
    if (!size) return std::move(size).error();
    const auto filter = call.parameter(filter_parameter).value_or("");
    NamePage page;
    for (const auto& name : names) {
        if (name.find(filter) == std::string::npos) continue;
        if (page.total++ < *offset || page.names.size() >= std::min(*size, kPageMax)) continue;
        page.names.emplace_back(name);
    }
    return page;
}

}  // namespace spillway::server
