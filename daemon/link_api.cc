#include "daemon/link_api.h"

#include "daemon/link_json.h"

#include <algorithm>
#include <utility>

namespace spillway::daemon {

using switchover::ApiRequest;

struct LinkApi::Called {
    const LinkSpec& spec;
    replicator::Link& link;
};

namespace {

Error no_route(const ApiRequest& request) {
    std::string path;
    for (const auto& part : request.path) path += "/" + part;
    return make_error(ErrorCode::NotFound,
                      std::string(request.method) + " " + path + " is no call of this API");
}

std::string pause_key(const std::string& link) {
    return "daemon/paused/" + link;
}

Result<std::int64_t> need_int(const json::object& body, std::string_view member) {
    if (const auto number = find_int(body, member)) return *number;
    return make_error(ErrorCode::InvalidArgument,
                      "\"" + std::string(member) + "\" must be a whole number");
}

Result<std::vector<replicator::TranslatedCursor>> places_of(const json::object& body) {
    const auto* list = find_array(body, "places");
    if (list == nullptr || list->empty()) {
        return make_error(ErrorCode::InvalidArgument,
                          R"("places" must be a list of {"shard", "cursor"})");
    }
    std::vector<replicator::TranslatedCursor> places;
    for (const auto& item : *list) {
        const auto* place = item.if_object();
        const auto shard = place ? find_int(*place, "shard") : std::nullopt;
        const auto cursor = place ? find_string(*place, "cursor") : std::nullopt;
        if (!shard || *shard < 0 || *shard > UINT32_MAX || !cursor) {
            return make_error(ErrorCode::InvalidArgument,
                              R"(each of "places" must be {"shard": 0, "cursor": "MTIz"})");
        }
        places.push_back({ShardId(static_cast<std::uint32_t>(*shard)), Cursor(*cursor)});
    }
    return places;
}

/// Of each target shard the earlier of two places.
void take_earlier(std::vector<replicator::TranslatedCursor>& earliest,
                  const std::vector<replicator::TranslatedCursor>& more) {
    for (const auto& place : more) {
        const auto known = std::find_if(earliest.begin(), earliest.end(), [&](const auto& each) {
            return each.shard == place.shard;
        });
        if (known == earliest.end()) {
            earliest.push_back(place);
        } else if (place.cursor.position() < known->cursor.position()) {
            known->cursor = place.cursor;
        }
    }
}

}  // namespace

Result<LinkApi::Called> LinkApi::find(const std::string& name) const {
    const auto link = links_.find(name);
    const auto* spec = topology_.find_link(name);
    if (link != links_.end() && spec != nullptr) return Called{*spec, *link->second};
    std::string known;
    for (const auto& [other, ignored] : links_) known += (known.empty() ? "" : ", ") + other;
    return make_error(ErrorCode::NotFound, "no link \"" + name + "\"; there " +
                                               (known.empty() ? "are none" : "is " + known));
}

Result<json::value> LinkApi::handle(const ApiRequest& request) {
    if (request.path.size() == 1) {
        if (request.method != "GET") return no_route(request);
        json::array links;
        for (const auto& spec : topology_.links) {
            links.push_back(link_json(spec, links_.find(spec.name)->second->status()));
        }
        return json::value(
            json::object{{"schema", "spillway/v1/links"}, {"links", std::move(links)}});
    }
    auto called = find(request.path[1]);
    if (!called) return std::move(called).error();
    return answer_one(*called, request);
}

Result<json::value> LinkApi::answer_one(const Called& called, const ApiRequest& request) {
    const auto& path = request.path;
    const bool is_get = request.method == "GET";
    if (path.size() == 2 && is_get) {
        return json::value(link_json(called.spec, called.link.status()));
    }
    if (path.size() == 2) return no_route(request);
    if (path[2] == "verify") return answer_verify(called, request);
    if (path[2] == "dead-letters") return answer_dead(called, request);
    if (path.size() != 3) return no_route(request);
    if (path[2] == "gaps" && is_get) {
        auto gaps = called.link.gaps();
        if (!gaps) return std::move(gaps).error();
        return json::value(gaps_json(called.spec.name, *gaps));
    }
    if (is_get) return no_route(request);
    if (path[2] == "translate") return translate(called, request.body);
    return set_mode(called, request);
}

// ---- pause, resume, drain ----

Result<json::value> LinkApi::set_mode(const Called& called, const ApiRequest& request) {
    const std::string& mode = request.path[2];
    if (mode != "pause" && mode != "resume" && mode != "drain") return no_route(request);
    // Written first: a crash in between leaves the link as it was asked to be.
    std::optional<std::string> kept;
    if (mode == "pause") kept = json::serialize(json::object{{"by", request.who}});
    auto saved = state_.commit({}, {{pause_key(called.spec.name), std::move(kept)}});
    if (!saved) return std::move(saved).error().while_doing("note that the link is to " + mode);
    if (mode == "pause") called.link.pause();
    if (mode == "resume") called.link.resume();
    if (mode == "drain") called.link.drain();
    events_.info("link." + mode, "a person asked for it",
                 {{"link", called.spec.name}, {"by", request.who}});
    return json::value(link_json(called.spec, called.link.status()));
}

Status LinkApi::restore_pauses() {
    for (const auto& [name, link] : links_) {
        auto kept = state_.get(pause_key(name));
        if (!kept) return std::move(kept).error();
        if (!*kept) continue;
        link->pause();
        events_.warn("link.still_paused", "the link was paused before and stays so",
                     {{"link", name}});
    }
    return {};
}

// ---- verify ----

Result<json::value> LinkApi::answer_verify(const Called& called, const ApiRequest& request) {
    const std::string& name = called.spec.name;
    const bool is_get = request.method == "GET";
    if (request.path.size() == 4 && request.path[3] == "cancel" && !is_get) {
        if (auto cancelled = jobs_.cancel(name); !cancelled) return cancelled.error();
    } else if (request.path.size() != 3) {
        return no_route(request);
    } else if (!is_get) {
        const auto from = need_int(request.body, "from_unix_s");
        if (!from) return from.error();
        const auto to = need_int(request.body, "to_unix_s");
        if (!to) return to.error();
        if (*from >= *to) {
            return make_error(ErrorCode::InvalidArgument, "the range to verify is empty");
        }
        if (auto begun = jobs_.start(name, called.link, {*from, *to}); !begun) {
            return begun.error();
        }
    }
    auto job = jobs_.find(name);
    if (!job) return std::move(job).error();
    return json::value(verify_json(name, *job));
}

// ---- cursors ----

Result<json::value> LinkApi::translate(const Called& called, const json::object& body) const {
    const std::string to = find_string(body, "to").value_or("");
    if (to != "target" && to != "source") {
        return make_error(ErrorCode::InvalidArgument, R"("to" must be "target" or "source")");
    }
    if (const auto time = find_int(body, "time_unix_s")) {
        if (to == "target") return translate_time(called, *time);
        return make_error(ErrorCode::InvalidArgument,
                          "a time goes to the target only; to go back, give the target's cursors");
    }
    auto places = places_of(body);
    if (!places) return std::move(places).error();
    if (to == "source") {
        auto there = called.link.translate_to_source(*places);
        if (!there) return std::move(there).error();
        return json::value(places_json(called.spec, to, *there));
    }
    if (places->size() != 1) {
        return make_error(ErrorCode::InvalidArgument,
                          "one shard of the source at a time: its logs lie all over the target");
    }
    auto there = called.link.translate_to_target(places->front().shard, places->front().cursor);
    if (!there) return std::move(there).error();
    return json::value(places_json(called.spec, to, *there));
}

/// Readers of the whole source go on where the earliest of its shards was at that time.
Result<json::value> LinkApi::translate_time(const Called& called, std::int64_t unix_s) const {
    LogSource& source = source_of_(called.spec);
    const LogstoreRef& ref = topology_.logstores.at(called.spec.source).ref;
    auto shards = source.shards(ref);
    if (!shards) return std::move(shards).error();
    std::vector<replicator::TranslatedCursor> earliest;
    for (const Shard& shard : *shards) {
        auto cursor = source.cursor(ref, shard.id, CursorSeek::at(unix_s));
        if (!cursor) return std::move(cursor).error();
        auto there = called.link.translate_to_target(shard.id, *cursor);
        if (!there) return std::move(there).error();
        take_earlier(earliest, *there);
    }
    return json::value(places_json(called.spec, "target", earliest));
}

// ---- dead letters ----

Result<json::value> LinkApi::answer_dead(const Called& called, const ApiRequest& request) {
    const auto& path = request.path;
    const bool is_get = request.method == "GET";
    auto letters = called.link.dead_letters();
    if (!letters) return std::move(letters).error();
    if (path.size() == 3 && is_get) {
        return json::value(dead_letters_json(called.spec.name, *letters));
    }
    if (path.size() < 4) return no_route(request);
    const std::string& id = path[3];
    if (path.size() == 4 && is_get) {
        for (const auto& letter : *letters) {
            if (letter.id == id) return json::value(dead_letter_json(letter));
        }
        return make_error(ErrorCode::NotFound,
                          "link " + called.spec.name + " holds no dead letter " + id);
    }
    if (path.size() != 5 || is_get || (path[4] != "replay" && path[4] != "drop")) {
        return no_route(request);
    }
    const Status done =
        path[4] == "replay" ? called.link.replay_dead_letter(id) : called.link.drop_dead_letter(id);
    if (!done) return done.error();
    events_.info("link.dead_letter_" + path[4], "a person asked for it",
                 {{"link", called.spec.name}, {"id", id}, {"by", request.who}});
    return json::value(json::object{{"id", id}, {"done", path[4]}});
}

}  // namespace spillway::daemon
