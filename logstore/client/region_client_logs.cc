// Shards, cursors, pull and put.
#include "base/text.h"
#include "logstore/client/region_client_impl.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/metadata_json.h"

namespace spillway::client {

namespace {

Ask shard_ask(std::string_view action, const LogstoreRef& ref, ShardId shard) {
    const std::string id = std::to_string(shard.value());
    return {.action = action,
            .subject = ref.to_string() + " shard " + id,
            .project = ref.project,
            .path = {"logstores", ref.logstore.str(), "shards", id}};
}

std::string seek_text(const CursorSeek& seek) {
    switch (seek.kind) {
        case SeekKind::Begin:
            return "begin";
        case SeekKind::End:
            return "end";
        case SeekKind::Time:
            return std::to_string(seek.unix_s);
    }
    return "begin";
}

Result<std::uint64_t> number_header(const HttpHeaders& headers, std::string_view name) {
    const auto text = headers.find(name);
    if (!text) {
        return make_error(ErrorCode::Corrupt, "the answer lacks " + std::string(name));
    }
    const auto number = parse_uint(trim(*text));
    if (!number) {
        return make_error(ErrorCode::Corrupt,
                          std::string(name) + " is \"" + to_valid_utf8(*text) + "\", not a number");
    }
    return *number;
}

Result<Codec> codec_of(const HttpHeaders& headers) {
    const auto name = headers.find("x-log-compresstype").value_or("");
    const auto codec = wire::parse_codec(trim(name));
    if (!codec) {
        return make_error(ErrorCode::Corrupt, "the answer is compressed with \"" +
                                                  to_valid_utf8(name) +
                                                  "\", which was not asked for");
    }
    return *codec;
}

/// Of a pull with a query; a region that does not say leaves them out.
std::optional<ScannedFacts> scanned_facts(const HttpHeaders& headers) {
    const auto raw_bytes = headers.find("x-log-rawdatasize");
    const auto groups = headers.find("x-log-rawdatacount");
    if (!raw_bytes || !groups) return std::nullopt;
    const auto number = [&](std::string_view text) { return parse_uint(trim(text)).value_or(0); };
    return ScannedFacts{number(*raw_bytes), static_cast<std::uint32_t>(number(*groups)),
                        number(headers.find("x-log-rawdatalines").value_or("0"))};
}

Result<Page> read_page(HttpResponse response, const Cursor& from) {
    const HttpHeaders& headers = response.headers;
    const auto next = headers.find("x-log-cursor");
    if (!next) return make_error(ErrorCode::Corrupt, "the answer lacks x-log-cursor");
    const auto count = number_header(headers, "x-log-count");
    if (!count) return count.error();
    const auto raw_bytes = number_header(headers, "x-log-bodyrawsize");
    if (!raw_bytes) return raw_bytes.error();
    const auto codec = codec_of(headers);
    if (!codec) return codec.error();

    Page page;
    page.from = from;
    // Some servers leave the cursor's value empty when nothing is new.
    page.next = next->empty() ? from : Cursor(std::string(*next));
    page.codec = *codec;
    page.raw_bytes = *raw_bytes;
    page.group_count = static_cast<std::uint32_t>(*count);
    if (page.codec == Codec::None && response.body.size() != page.raw_bytes) {
        return make_error(ErrorCode::Corrupt, "the body has " +
                                                  std::to_string(response.body.size()) +
                                                  " bytes where x-log-bodyrawsize says " +
                                                  std::to_string(page.raw_bytes));
    }
    if (*count > kPullGroupsMax || (*count > 0 && page.raw_bytes == 0)) {
        return make_error(ErrorCode::Corrupt,
                          "x-log-count " + std::to_string(*count) + " does not fit the body");
    }
    const auto end = headers.find("x-log-end-of-cursor");
    page.at_end = end ? trim(*end) == "1" : page.next == from;
    if (const auto last = headers.find("x-log-read-last-cursor"); last && *count > 0) {
        page.last_position = parse_int(trim(*last));
    }
    page.scanned = scanned_facts(headers);
    page.body = std::move(response.body);
    return page;
}

Status check_batch(const Batch& batch) {
    if (batch.sequence_id && !batch.route_key) {
        return make_error(ErrorCode::InvalidArgument, "a sequence id needs a route key");
    }
    const std::uint64_t bytes = std::max<std::uint64_t>(batch.body.size(), batch.raw_bytes);
    if (bytes > kPutBytesMax) {
        return make_error(ErrorCode::InvalidArgument,
                          "the batch has " + human_bytes(bytes) + ", more than the " +
                              human_bytes(kPutBytesMax) + " the service takes");
    }
    return {};
}

}  // namespace

Result<std::vector<Shard>> RegionClient::shards(const LogstoreRef& ref) {
    const Ask ask{.action = "list shards of",
                  .subject = ref.to_string(),
                  .project = ref.project,
                  .path = {"logstores", ref.logstore.str(), "shards"}};
    const auto value = impl_->requests.send_for_json(ask);
    if (!value) return value.error();
    auto parsed = wire::parse_shards(*value);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<Cursor> RegionClient::cursor(const LogstoreRef& ref, ShardId shard, const CursorSeek& seek) {
    Ask ask = shard_ask("get a cursor of", ref, shard);
    ask.query = {{"type", "cursor"}, {"from", seek_text(seek)}};
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_cursor(*object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<std::int64_t> RegionClient::cursor_time(const LogstoreRef& ref, ShardId shard,
                                               const Cursor& cursor) {
    Ask ask = shard_ask("get a cursor's time of", ref, shard);
    ask.query = {{"type", "cursor_time"}, {"cursor", cursor.str()}};
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_cursor_time(*object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<Page> RegionClient::pull(const LogstoreRef& ref, ShardId shard, const PullRequest& request) {
    Ask ask = shard_ask("pull from", ref, shard);
    ask.query = {{"type", "log"},
                 {"cursor", request.from.str()},
                 {"count", std::to_string(request.groups_max)}};
    if (request.end) ask.query.emplace_back("end_cursor", request.end->str());
    if (!request.query.empty()) {
        ask.query.emplace_back("query", request.query);
        ask.query.emplace_back("pullMode", "scan_on_stream");
    }
    ask.headers.push_back({"Accept", std::string(kProtobufType)});
    if (request.codec != Codec::None) {
        ask.headers.push_back({"Accept-Encoding", std::string(wire::name_of(request.codec))});
    }
    auto response = impl_->requests.send(ask);
    if (!response) return std::move(response).error();
    auto page = read_page(*std::move(response), request.from);
    if (!page) return impl_->requests.during(std::move(page).error(), ask);
    return page;
}

Result<Receipt> RegionClient::put(const LogstoreRef& ref, const Batch& batch) {
    Ask ask{.action = "put to",
            .subject = ref.to_string(),
            .method = "POST",
            .project = ref.project,
            .path = {"logstores", ref.logstore.str(), "shards", batch.route_key ? "route" : "lb"},
            .content_type = kProtobufType};
    if (auto fits = check_batch(batch); !fits) {
        return impl_->requests.during(std::move(fits).error(), ask);
    }
    if (batch.route_key) ask.query.emplace_back("key", batch.route_key->str());
    if (batch.sequence_id) {
        ask.query.emplace_back("seqid", std::to_string(batch.sequence_id->value()));
    }
    ask.body = batch.body;
    ask.body_raw_bytes = batch.raw_bytes;
    if (batch.codec != Codec::None) {
        ask.headers.push_back({"x-log-compresstype", std::string(wire::name_of(batch.codec))});
    }
    auto response = impl_->requests.send(std::move(ask));
    if (!response) return std::move(response).error();
    return Receipt{std::string(response->headers.find("x-log-requestid").value_or(""))};
}

}  // namespace spillway::client
