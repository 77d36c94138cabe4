#include "logstore/client/requests.h"

#include "base/text.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>

namespace spillway::client {

namespace {

constexpr std::uint64_t kListPage = 500;  // the service's largest

std::string target_of(const Ask& ask) {
    std::string out;
    for (const auto& segment : ask.path) out.append("/").append(percent_encode(segment));
    if (out.empty()) out = "/";
    char separator = '?';
    for (const auto& [name, value] : ask.query) {
        out += separator;
        out.append(percent_encode(name)).append("=").append(percent_encode(value));
        separator = '&';
    }
    return out;
}

Error not_json(const Error& parse_error, std::string_view body) {
    return make_error(ErrorCode::Corrupt, "the answer is HTTP 200 but its body is " +
                                              parse_error.message + " (" +
                                              std::to_string(body.size()) + " bytes)");
}

}  // namespace

Requests::Requests(RegionClientOptions options, Endpoint endpoint, const Clock& clock)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      clock_(clock),
      http_(HttpClientOptions{.tls_ca_file = options_.tls_ca_file,
                              .tls_verify = options_.tls_verify,
                              .user_agent = options_.user_agent}) {}

Error Requests::during(Error error, const Ask& ask) const {
    std::string action(ask.action);
    action.append(" ").append(options_.name.empty() ? endpoint_.url() : options_.name.str());
    if (!ask.subject.empty()) action.append(" ").append(ask.subject);
    return std::move(error).while_doing(action);
}

HttpRequest Requests::build(Ask& ask, const Address& address) const {
    HttpRequest request;
    request.method = ask.method;
    request.target = target_of(ask);
    request.headers.add("Host", address.host);
    request.headers.add("x-log-apiversion", "0.6.0");
    request.headers.add("x-log-bodyrawsize", std::to_string(ask.body_raw_bytes));
    if (!ask.content_type.empty()) request.headers.add("Content-Type", ask.content_type);
    for (const auto& [name, value] : ask.headers) request.headers.add(name, value);
    request.body = std::move(ask.body);
    if (options_.credentials) {
        wire::sign(request, *options_.credentials, options_.sign, clock_.wall());
    }
    return request;
}

Result<HttpResponse> Requests::send(Ask ask) const {
    const Address address = endpoint_.address_for(ask.project);
    const HttpRequest request = build(ask, address);
    HttpCall call;
    call.method = request.method;
    call.url = address.base_url + request.target;
    call.headers = request.headers;
    call.body = request.body;
    call.connect_timeout = options_.connect_timeout;
    call.timeout = options_.timeout;
    auto response = http_.send(call, options_.stop);
    if (!response) {
        Error error = std::move(response).error();
        // An answer cut off on its way says nothing about what is stored: asking again is right.
        if (error.code == ErrorCode::Corrupt) error.code = ErrorCode::Unavailable;
        return during(std::move(error), ask);
    }
    const auto request_id = response->headers.find("x-log-requestid").value_or("");
    if (response->status != 200) {
        return during(wire::error_from_response(response->status, response->body, request_id), ask);
    }
    if (request_id.empty()) {
        return during(make_error(ErrorCode::Unavailable,
                                 "the answer has no x-log-requestid: it is not from a log service; "
                                 "check the endpoint"),
                      ask);
    }
    return response;
}

Status Requests::send_only(Ask ask) const {
    auto response = send(std::move(ask));
    if (!response) return std::move(response).error();
    return {};
}

Result<json::value> Requests::send_for_json(Ask ask) const {
    const Ask asked{.action = ask.action, .subject = ask.subject};
    auto response = send(std::move(ask));
    if (!response) return std::move(response).error();
    auto value = parse_json(response->body);
    if (!value) return during(not_json(value.error(), response->body), asked);
    return value;
}

Result<json::object> Requests::send_for_object(Ask ask) const {
    const Ask asked{.action = ask.action, .subject = ask.subject};
    auto value = send_for_json(std::move(ask));
    if (!value) return std::move(value).error();
    auto* object = value->if_object();
    if (object == nullptr) {
        return during(make_error(ErrorCode::Corrupt, "the answer is JSON but not an object"),
                      asked);
    }
    return std::move(*object);
}

Result<std::vector<json::value>> Requests::list_all(const Ask& ask, std::string_view member) const {
    std::vector<json::value> items;
    while (true) {
        Ask page_ask = ask;
        page_ask.query.emplace_back("offset", std::to_string(items.size()));
        page_ask.query.emplace_back("size", std::to_string(kListPage));
        const auto object = send_for_object(std::move(page_ask));
        if (!object) return object.error();
        auto page = wire::parse_list(*object, member);
        if (!page) {
            Error error = std::move(page).error();
            error.code = ErrorCode::Corrupt;
            return during(std::move(error), ask);
        }
        if (page->items.empty() && items.size() < page->total) {
            return during(make_error(ErrorCode::Corrupt,
                                     "the list ends after " + std::to_string(items.size()) +
                                         " of " + std::to_string(page->total) + " items"),
                          ask);
        }
        for (auto& item : page->items) items.push_back(std::move(item));
        if (items.size() >= page->total) return items;
    }
}

Result<std::vector<std::string>> Requests::list_names(const Ask& ask,
                                                      std::string_view member) const {
    const auto items = list_all(ask, member);
    if (!items) return items.error();
    std::vector<std::string> names;
    names.reserve(items->size());
    for (const auto& item : *items) {
        const auto* name = item.if_string();
        if (name == nullptr) {
            return during(
                make_error(ErrorCode::Corrupt, "the list \"" + std::string(member) + "\" holds " +
                                                   json::serialize(item) + " where a name belongs"),
                ask);
        }
        names.emplace_back(name->data(), name->size());
    }
    // One that was created between two pages may have moved another onto the next one.
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace spillway::client
