// Shared by the files that implement RegionClient, one a concern; nobody else includes it.
#pragma once

#include "logstore/client/region_client.h"
#include "logstore/client/requests.h"

#include <string>
#include <utility>

namespace spillway::client {

class RegionClient::Impl {
  public:
    Impl(RegionClientOptions options, Endpoint endpoint, const Clock& clock)
        : requests(std::move(options), std::move(endpoint), clock) {}

    const Requests requests;
};

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProtobufType = "application/x-protobuf";

/// A request with a JSON body.
inline Ask with_json(Ask ask, const json::value& body) {
    ask.body = json::serialize(body);
    ask.body_raw_bytes = ask.body.size();
    ask.content_type = kJsonType;
    return ask;
}

/// What a parser of ours said of an answer: the answer is at fault, not the caller's argument.
inline Error bad_answer(const Requests& requests, Error error, const Ask& ask) {
    error.code = ErrorCode::Corrupt;
    return requests.during(std::move(error), ask);
}

/// Names as ids of their own type.
template <class Name>
Result<std::vector<Name>> as_names(Result<std::vector<std::string>> names) {
    if (!names) return std::move(names).error();
    std::vector<Name> out;
    out.reserve(names->size());
    for (auto& name : *names) out.emplace_back(std::move(name));
    return out;
}

}  // namespace spillway::client
