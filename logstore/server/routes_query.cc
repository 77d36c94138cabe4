// GetLogs (both forms) and GetHistograms: shapes in, shapes out.
#include "base/text.h"
#include "logstore/server/log_query.h"
#include "logstore/server/log_scan.h"
#include "logstore/server/put_body.h"
#include "logstore/server/routes.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/error_table.h"

#include <fmt/format.h>

namespace spillway::server {

namespace {

using engine::Engine;

/// The service answers no query of a Logstore without an index, and neither do we, although nothing
/// here reads it: who forgets to create one is to learn it before the service says so.
Status need_index(Engine& engine, const LogstoreRef& ref) {
    auto index = engine.logstore_index(ref);
    if (index) return {};
    if (index.error().service_code != "IndexConfigNotExist") return std::move(index).error();
    return wire::service_error(
        "IndexConfigNotExist",
        fmt::format("logstore {} has no index configuration, and without one the service answers "
                    "no query: create one first (POST /logstores/{}/index)",
                    ref.to_string(), ref.logstore.str()));
}

std::string_view progress_of(const ScanFacts& facts) {
    return facts.is_complete ? "Complete" : "Incomplete";
}

std::int64_t elapsed_ms(const Call& call, const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.mono() - call.begun).count();
}

void add_facts(HttpResponse& response, const Call& call, const Clock& clock, const ScanFacts& facts,
               std::uint64_t count) {
    auto& headers = response.headers;
    headers.add("x-log-progress", progress_of(facts));
    headers.add("x-log-count", std::to_string(count));
    headers.add("x-log-processed-rows", std::to_string(facts.logs_read));
    headers.add("x-log-processed-bytes", std::to_string(facts.raw_bytes_read));
    headers.add("x-log-elapsed-millisecond", std::to_string(elapsed_ms(call, clock)));
    headers.add("x-log-has-sql", "false");
}

/// A header's value: one line of printable text.
std::string header_text(std::string_view text) {
    std::string out = to_valid_utf8(text);
    for (auto& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return out;
}

json::array logs_json(const FoundLogs& found) {
    json::array logs;
    for (const auto& log : found.logs) {
        json::object object;
        for (const auto& [key, value] : log) {
            object.emplace(to_valid_utf8(key), to_valid_utf8(value));  // the first of a name stays
        }
        for (const auto* always : {"__topic__", "__source__"}) object.emplace(always, "");
        logs.push_back(std::move(object));
    }
    return logs;
}

json::object meta_json(const LogsRequest& request, const FoundLogs& found, std::int64_t took_ms) {
    return {{"progress", progress_of(found.facts)},
            {"count", found.logs.size()},
            {"processedRows", found.facts.logs_read},
            {"processedBytes", found.facts.raw_bytes_read},
            {"elapsedMillisecond", took_ms},
            {"hasSQL", false},
            {"whereQuery", to_valid_utf8(request.filter.search_text)},
            {"aggQuery", ""},
            {"cpuSec", 0.0},
            {"cpuCores", 0},
            {"limited", 0},
            {"mode", 0},
            {"powerSql", false},
            {"insertedSQL", ""},
            {"telementryType", ""},  // spelt so by the service
            {"isAccurate", true},
            {"keys", json::array()},
            {"terms", json::array()}};
}

Result<FoundLogs> find(Engine& engine, const Call& call, const LogsRequest& request) {
    const auto ref = call.logstore();
    if (auto indexed = need_index(engine, ref); !indexed) return std::move(indexed).error();
    return find_logs(engine, ref, request, {}, engine.clock());
}

/// The old form: a bare array, the rest in headers.
Answer get_logs_plain(Engine& engine, Call& call) {
    auto request = parse_logs_request(parameters_of(call));
    if (!request) return std::move(request).error();
    auto found = find(engine, call, *request);
    if (!found) return std::move(found).error();
    auto response = json_answer(logs_json(*found));
    add_facts(*response, call, engine.clock(), found->facts, found->logs.size());
    response->headers.add("x-log-where-query", header_text(request->filter.search_text));
    response->headers.add("x-log-agg-query", "");
    response->headers.add("x-log-cpu-sec", "0");
    response->headers.add("x-log-cpu-cores", "0");
    response->headers.add("x-log-query-info",
                          R"({"mode":0,"keys":[],"terms":[],"limited":"0","isAccurate":1})");
    return response;
}

/// The new form: {"meta", "data"}, compressed where that is asked for.
Answer get_logs_meta(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    auto request = parse_logs_request(parameters_of(*body));
    if (!request) return std::move(request).error();
    auto found = find(engine, call, *request);
    if (!found) return std::move(found).error();
    auto response = json_answer(
        json::object{{"meta", meta_json(*request, *found, elapsed_ms(call, engine.clock()))},
                     {"data", logs_json(*found)}});
    add_facts(*response, call, engine.clock(), found->facts, found->logs.size());
    const auto codec = codec_for(call.request.headers.find("accept-encoding").value_or(""));
    if (codec != Codec::Lz4 && codec != Codec::Zstd) return response;
    auto packed = wire::compress(codec, response->body);
    if (!packed) return std::move(packed).error();
    response->headers.add("x-log-bodyrawsize", std::to_string(response->body.size()));
    response->headers.add("x-log-compresstype", wire::name_of(codec));
    response->body = *std::move(packed);
    return response;
}

Answer get_histograms(Engine& engine, Call& call) {
    auto request = parse_histogram_request(parameters_of(call));
    if (!request) return std::move(request).error();
    const auto ref = call.logstore();
    if (auto indexed = need_index(engine, ref); !indexed) return std::move(indexed).error();
    const auto bounds =
        histogram_bounds(request->filter.from_s, request->filter.to_s, request->interval_s);
    auto found = count_logs(engine, ref, *request, bounds, {}, engine.clock());
    if (!found) return std::move(found).error();
    json::array buckets;
    for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
        buckets.push_back(json::object{{"from", bounds[i]},
                                       {"to", bounds[i + 1]},
                                       {"count", found->counts[i]},
                                       {"progress", progress_of(found->facts)}});
    }
    auto response = json_answer(std::move(buckets));
    add_facts(*response, call, engine.clock(), found->facts, found->total);
    return response;
}

}  // namespace

std::optional<Answer> query_answer(Engine& engine, Call& call) {
    const auto type = call.parameter("type");
    if (!type) return std::nullopt;
    if (*type == "log") return get_logs_plain(engine, call);
    if (*type == "histogram") return get_histograms(engine, call);
    return wire::service_error("NotSupported", "type=" + to_valid_utf8(*type) +
                                                   " is not offered here: log and histogram are");
}

std::vector<Route> query_routes() {
    return {{"POST", "/logstores/{}/logs", "GetLogs", Scope::Project, plain(get_logs_meta)}};
}

}  // namespace spillway::server
