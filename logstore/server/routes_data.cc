#include "base/text.h"
#include "logstore/server/put_body.h"
#include "logstore/server/routes.h"
#include "logstore/server/spl.h"
#include "logstore/server/tracking.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace spillway::server {

namespace {

using engine::Engine;

std::string client_ip(const Call& call) {
    const auto colon = call.request.peer.rfind(':');
    return call.request.peer.substr(0, colon);
}

/// Without a key a sequence id fences nothing: who sends one is to know that, not to find every
/// batch stored twice.
Status refuse_sequence_without_key(const Call& call) {
    auto sequence = call.number("seqid", 0);
    if (!sequence) return std::move(sequence).error();
    if (*sequence == 0) return {};
    return wire::service_error(
        "ParameterInvalid",
        "a sequence id belongs to a key: put to /shards/route?key=KEY&seqid=N, nothing was stored");
}

/// Adds key and sequence id of /shards/route. A sequence id of 0 means none.
Status add_route(const Call& call, std::vector<Batch>& batches) {
    auto key = call.parameter("key");
    if (!key) {
        return wire::service_error("ParameterInvalid", "/shards/route needs the parameter key");
    }
    auto sequence = call.number("seqid", 0);
    if (!sequence) return std::move(sequence).error();
    for (auto& batch : batches) {
        batch.route_key = RouteKey(*key);
        if (*sequence > 0) batch.sequence_id = SequenceId(*sequence);
    }
    return {};
}

void put_logs(Engine& engine, const std::shared_ptr<Call>& call, const Reply& reply) {
    if (call->parameter("processor")) {
        return reply(wire::service_error(
            "NotSupported", "ingest processors are not offered here: nothing was stored"));
    }
    auto batches = batches_of(std::move(call->request));
    if (!batches) return reply(std::move(batches).error());
    if (call->path.size() == 4 && call->path[3] == "route") {
        if (auto routed = add_route(*call, *batches); !routed) {
            return reply(std::move(routed).error());
        }
    } else if (auto without = refuse_sequence_without_key(*call); !without) {
        return reply(std::move(without).error());
    }
    engine.put_async(call->logstore(), *batches, {client_ip(*call)},
                     [reply](Status status) { reply(answer_of(std::move(status))); });
}

/// The JSON of a tracked body, which may be compressed as PutLogs bodies may.
Result<json::object> tracked_body(Call& call) {
    auto batches = batches_of(call.request);
    if (!batches) return std::move(batches).error();
    const auto& batch = batches->front();
    if (batch.codec == Codec::None) return call.body_object();
    auto raw = wire::decompress(batch.codec, batch.body, batch.raw_bytes, kPutBytesMax);
    if (!raw) {
        return wire::service_error("PostBodyUncompressError",
                                   "the body does not decompress: " + raw.error().message);
    }
    call.request.body = *std::move(raw);
    return call.body_object();
}

Result<LogGroup> tracked(Engine& engine, Call& call) {
    auto info = engine.logstore(call.logstore());
    if (!info) return std::move(info).error();
    if (!info->settings.enable_tracking) {
        return wire::service_error("Unauthorized", "web tracking is not enabled for logstore " +
                                                       call.logstore().to_string() +
                                                       " (enable_tracking)");
    }
    const auto now_unix_s = static_cast<std::uint32_t>(engine.now_unix_s());
    auto group = [&]() -> Result<LogGroup> {
        if (call.request.method == "GET") return tracked_query(call.target, now_unix_s);
        auto body = tracked_body(call);
        if (!body) return std::move(body).error();
        return tracked_group(*body, now_unix_s);
    }();
    if (group && group->source.empty()) group->source = client_ip(call);
    return group;
}

/// What a browser asks before a page of another origin may send a tracked log: yes, always. Whether
/// tracking is enabled the request itself tells.
Answer track_preflight(Engine&, Call& call) {
    constexpr std::string_view kUsual =
        "content-type, x-log-apiversion, x-log-bodyrawsize, x-log-compresstype";
    auto answer = empty_answer();
    auto& headers = answer->headers;
    headers.add("access-control-allow-methods", "GET, POST, OPTIONS");
    headers.add("access-control-allow-headers",
                call.request.headers.find("access-control-request-headers").value_or(kUsual));
    headers.add("access-control-max-age", "86400");
    return answer;
}

void track(Engine& engine, const std::shared_ptr<Call>& call, const Reply& reply) {
    auto group = tracked(engine, *call);
    if (!group) return reply(std::move(group).error());
    Batch batch;
    batch.body = wire::encode(*group);
    batch.raw_bytes = batch.body.size();
    engine.put_async(call->logstore(), {std::move(batch)}, {client_ip(*call)},
                     [reply](Status status) { reply(answer_of(std::move(status))); });
}

Result<ShardId> shard_of(const Call& call) {
    const auto id = parse_uint(call.arguments.at(1));
    if (id && *id <= UINT32_MAX) return ShardId(static_cast<std::uint32_t>(*id));
    return wire::service_error("ParameterInvalid",
                               "invalid shard id: " + to_valid_utf8(call.arguments[1]));
}

Result<CursorSeek> seek_of(const Call& call) {
    const auto from = call.parameter_or("from", "");
    if (from == "begin") return CursorSeek::begin();
    if (from == "end") return CursorSeek::end();
    if (const auto seconds = parse_int(from)) return CursorSeek::at(*seconds);
    return wire::service_error("ParameterInvalid",
                               "from must be begin, end or a time in Unix seconds");
}

Answer get_cursor(Engine& engine, Call& call, ShardId shard) {
    auto seek = seek_of(call);
    if (!seek) return std::move(seek).error();
    auto cursor = engine.cursor(call.logstore(), shard, *seek);
    if (!cursor) return std::move(cursor).error();
    return json_answer(json::value(wire::cursor_json(*cursor)));
}

Answer get_cursor_time(Engine& engine, Call& call, ShardId shard) {
    auto time = engine.cursor_time(call.logstore(), shard, Cursor(call.parameter_or("cursor", "")));
    if (!time) return std::move(time).error();
    return json_answer(json::value(wire::cursor_time_json(*time)));
}

Result<PullRequest> pull_request_of(const Call& call) {
    PullRequest request;
    const auto cursor = call.parameter("cursor");
    if (!cursor) return wire::service_error("ParameterInvalid", "PullLogs needs a cursor");
    request.from = Cursor(std::string(*cursor));
    if (const auto end = call.parameter("end_cursor")) request.end = Cursor(std::string(*end));
    auto count = call.number("count", 100);
    if (!count) return std::move(count).error();
    if (*count == 0) return wire::service_error("ParameterInvalid", "count must be 1 to 1000");
    request.groups_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(*count, kPullGroupsMax));
    request.codec = codec_for(call.request.headers.find("accept-encoding").value_or(""));
    return request;
}

HttpResponse page_response(Page page) {
    HttpResponse response;
    auto& headers = response.headers;
    headers.add("content-type", "application/x-protobuf");
    headers.add("x-log-cursor", page.next.str());
    headers.add("x-log-count", std::to_string(page.group_count));
    headers.add("x-log-bodyrawsize", std::to_string(page.raw_bytes));
    if (page.codec != Codec::None) {
        headers.add("x-log-compresstype", wire::name_of(page.codec));
    }
    if (page.last_position) {
        headers.add("x-log-read-last-cursor", std::to_string(*page.last_position));
    }
    if (page.at_end) headers.add("x-log-end-of-cursor", "1");
    response.body = std::move(page.body);
    return response;
}

/// What a query left of a page, in the codec that was asked for. Groups are made anew, so that no
/// position can be told from where they stand.
Result<HttpResponse> filtered_response(Page page, const SplProgram& program, Codec codec) {
    auto left = run_spl(program, page.body);
    if (!left) return std::move(left).error();
    const auto scanned_bytes = page.raw_bytes;
    const auto scanned_groups = page.group_count;
    page.raw_bytes = left->body.size();
    page.group_count = left->groups;
    page.codec = codec;
    page.last_position.reset();
    page.body = std::move(left->body);
    if (codec != Codec::None) {
        auto packed = wire::compress(codec, page.body);
        if (!packed) return std::move(packed).error();
        page.body = *std::move(packed);
    }
    auto response = page_response(std::move(page));
    auto& headers = response.headers;
    headers.add("x-log-rawdatasize", std::to_string(scanned_bytes));
    headers.add("x-log-rawdatacount", std::to_string(scanned_groups));
    headers.add("x-log-rawdatalines", std::to_string(left->logs_read));
    headers.add("x-log-resultlines", std::to_string(left->logs_left));
    headers.add("x-log-failedlines", std::to_string(left->logs_failed));
    return response;
}

Answer pull_filtered(Engine& engine, Call& call, ShardId shard, PullRequest request,
                     std::string_view query) {
    auto program = SplProgram::parse(query);
    if (!program) return std::move(program).error();
    const auto codec = std::exchange(request.codec, Codec::None);
    auto page = engine.pull(call.logstore(), shard, request);
    if (!page) return std::move(page).error();
    return filtered_response(*std::move(page), *program, codec);
}

Answer pull_logs(Engine& engine, Call& call, ShardId shard) {
    if (call.parameter("processor")) {
        return wire::service_error("NotSupported",
                                   "consume processors are not offered here: send their SPL as "
                                   "the parameter query");
    }
    auto request = pull_request_of(call);
    if (!request) return std::move(request).error();
    if (const auto query = call.parameter("query")) {
        return pull_filtered(engine, call, shard, *std::move(request), *query);
    }
    auto page = engine.pull(call.logstore(), shard, *request);
    if (!page) return std::move(page).error();
    std::optional<std::int64_t> time;
    if (page->last_position) {
        auto received =
            engine.cursor_time(call.logstore(), shard, Cursor::from_position(*page->last_position));
        if (received) time = *received;
    }
    auto response = page_response(*std::move(page));
    if (time) response.headers.add("x-log-cursor-time", std::to_string(*time));
    return response;
}

Answer read_shard(Engine& engine, Call& call) {
    auto shard = shard_of(call);
    if (!shard) return std::move(shard).error();
    const auto type = call.parameter_or("type", "");
    if (type == "cursor") return get_cursor(engine, call, *shard);
    if (type == "cursor_time") return get_cursor_time(engine, call, *shard);
    if (type == "log" || type == "logs") return pull_logs(engine, call, *shard);
    return wire::service_error(
        "ParameterInvalid",
        "type must be cursor, cursor_time, log or logs, not \"" + to_valid_utf8(type) + "\"");
}

}  // namespace

std::vector<Route> data_routes() {
    return {
        {"POST", "/logstores/{}/shards/lb", "PutLogs", Scope::Project, put_logs},
        {"POST", "/logstores/{}/shards/route", "PutLogs", Scope::Project, put_logs},
        {"POST", "/logstores/{}", "PutLogs", Scope::Project, put_logs},
        {"POST", "/logstores/{}/track", "PutWebtracking", Scope::Project, track, true},
        {"GET", "/logstores/{}/track", "PutWebtracking", Scope::Project, track, true},
        {"OPTIONS", "/logstores/{}/track", "PreflightWebtracking", Scope::Project,
         plain(track_preflight), true},
        {"GET", "/logstores/{}/shards/{}", "ReadShard", Scope::Project, plain(read_shard)},
        {"HEAD", "/logstores/{}/shards/{}", "ReadShard", Scope::Project, plain(read_shard)},
    };
}

}  // namespace spillway::server
