// One request on its way through the server, and the small words its handlers speak in. A Call
// belongs to the handler that has it.
#pragma once

#include "base/json.h"
#include "base/net/http.h"
#include "base/net/http_server.h"
#include "base/result.h"
#include "logstore/engine/engine.h"
#include "logstore/model/logstore.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::server {

struct Call {
    HttpRequest request;
    HttpTarget target;
    std::vector<std::string> path;       ///< decoded, without empty parts
    std::vector<std::string> arguments;  ///< what stood at the route's {}
    ProjectName project;
    std::string access_key_id;  ///< empty: no keys are in use
    std::string request_id;
    std::string operation;  ///< "PutLogs": for metrics
    MonoTime begun;
    std::size_t received_bytes = 0;  ///< of the body, as it came

    LogstoreRef logstore() const { return {project, LogstoreName(arguments.at(0))}; }
    /// The first parameter of that name, whatever its case, that is not empty.
    std::optional<std::string_view> parameter(std::string_view name) const;
    std::string parameter_or(std::string_view name, std::string_view fallback) const;
    /// Errors: InvalidArgument (ParameterInvalid).
    Result<std::uint64_t> number(std::string_view name, std::uint64_t fallback) const;
    /// "true" in any case.
    bool flag(std::string_view name) const;
    /// Errors: InvalidArgument (PostBodyInvalid) with the byte.
    Result<json::value> body_json() const;
    Result<json::object> body_object() const;
};

/// The answer of a successful call. An empty body carries no content type: one official client
/// parses whatever says it is JSON.
using Answer = Result<HttpResponse>;
Answer empty_answer();
Answer json_answer(const json::value& value);
Answer answer_of(Status status);

/// Sends the final answer of a call, with the headers every answer has.
using Reply = std::function<void(Answer)>;

/// Answers at once, or keeps the Reply and answers later.
using Handler = std::function<void(engine::Engine&, std::shared_ptr<Call>, Reply)>;
/// The usual handler: answers when it returns.
using PlainHandler = Answer (*)(engine::Engine&, Call&);

/// What a request must have to reach its handler.
enum class Scope {
    Account,  ///< no project
    Project,  ///< a project in the host
    Either,   ///< the handler looks
};

struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "/logstores/{}/shards/{}"
    std::string_view operation;
    Scope scope;
    Handler handler;
    bool is_unsigned_allowed = false;
};

Handler plain(PlainHandler handler);

/// Names sorted, filtered by substring and cut to a page, as every list of the service is.
struct NamePage {
    json::array names;
    std::uint64_t total = 0;
};
Result<NamePage> page_of(const Call& call, const std::vector<std::string>& names,
                         std::string_view filter_parameter);

template <class Name>
std::vector<std::string> texts_of(const std::vector<Name>& names) {
    std::vector<std::string> texts;
    for (const auto& name : names) texts.push_back(name.str());
    return texts;
}

}  // namespace spillway::server
