#include "daemon/link_json.h"

#include "base/text.h"
#include "logstore/wire/log_group_reader.h"

namespace spillway::daemon {

namespace {

template <class Number>
json::value or_null(const std::optional<Number>& number) {
    return number ? json::value(*number) : json::value(nullptr);
}

json::value time_or_null(const std::optional<WallTime>& at) {
    return at ? json::value(rfc3339(*at)) : json::value(nullptr);
}

std::string unix_time_text(std::int64_t unix_s) {
    return rfc3339(WallTime(std::chrono::seconds(unix_s)));
}

json::value error_or_null(const std::optional<Error>& error) {
    if (!error) return nullptr;
    return json::object{{"code", name_of(error->code)}, {"message", error->to_string()}};
}

json::object lag_json(const replicator::Lag& lag) {
    return {{"logs", or_null(lag.logs)},
            {"bytes", or_null(lag.bytes)},
            {"seconds", or_null(lag.seconds)},
            {"stalled", lag.stalled}};
}

json::object totals_json(const replicator::LinkTotals& totals) {
    return {{"logs_read", totals.logs_read},
            {"logs_written", totals.logs_written},
            {"logs_filtered", totals.logs_filtered},
            {"logs_looped", totals.logs_looped},
            {"logs_dead", totals.logs_dead},
            {"logs_in_flight", totals.logs_in_flight},
            {"bytes_read_raw", totals.bytes_read_raw},
            {"bytes_read_wire", totals.bytes_read_wire},
            {"bytes_written_raw", totals.bytes_written_raw},
            {"bytes_written_wire", totals.bytes_written_wire},
            {"batches_written", totals.batches_written},
            {"duplicates_suppressed", totals.duplicates_suppressed},
            {"gaps", totals.gaps}};
}

json::object shard_json(const replicator::ShardState& shard) {
    return {{"shard", shard.shard.value()},
            {"read_only", shard.read_only},
            {"drained", shard.drained},
            {"waiting", shard.waiting},
            {"faulted", shard.faulted},
            {"checkpoint", shard.checkpoint.str()},
            {"source_end",
             shard.source_end ? json::value(shard.source_end->str()) : json::value(nullptr)},
            {"at_end_time", time_or_null(shard.at_end_time)},
            {"lag", lag_json(shard.lag)},
            {"last_ack", time_or_null(shard.last_ack)},
            {"source_seen", time_or_null(shard.source_seen)},
            {"last_error", error_or_null(shard.last_error)}};
}

}  // namespace

json::object link_json(const LinkSpec& spec, const replicator::LinkStatus& status) {
    json::array shards;
    for (const auto& shard : status.shards) shards.push_back(shard_json(shard));
    return {{"name", spec.name},
            {"source", spec.source},
            {"target", spec.target},
            {"state", replicator::name_of(status.state)},
            {"delivery", replicator::name_of(status.delivery)},
            {"delivery_reason", status.delivery_reason},
            {"lag", lag_json(status.lag)},
            {"rpo_seconds", or_null(status.rpo_seconds)},
            {"last_ack", time_or_null(status.last_ack)},
            {"source_seen", time_or_null(status.source_seen)},
            {"last_error", error_or_null(status.last_error)},
            {"drained", status.drained},
            {"dead_letters_held", status.dead_letters_held},
            {"totals", totals_json(status.totals)},
            {"shards", std::move(shards)}};
}

json::object gaps_json(const std::string& link, const std::vector<replicator::GapRecord>& gaps) {
    json::array list;
    for (const auto& gap : gaps) {
        list.push_back(json::object{{"shard", gap.shard.value()},
                                    {"from", gap.from.str()},
                                    {"to", gap.to.str()},
                                    {"groups", or_null(gap.groups)},
                                    {"cause", gap.cause},
                                    {"detail", gap.detail},
                                    {"noticed_at", unix_time_text(gap.noticed_unix_s)}});
    }
    return {{"schema", "spillway/v1/gaps"}, {"link", link}, {"gaps", std::move(list)}};
}

// ---- verify ----

namespace {

json::object finding_json(const replicator::VerifyFinding& finding) {
    return {{"shard", finding.shard.value()},
            {"minute", unix_time_text(finding.minute * 60)},
            {"difference", replicator::name_of(finding.difference)},
            {"expected_logs", finding.expected.logs},
            {"actual_logs", finding.actual.logs},
            {"source_position", or_null(finding.position)},
            {"sentence", finding.detail}};
}

json::object report_json(const replicator::VerifyReport& report) {
    json::array findings;
    for (const auto& finding : report.findings) findings.push_back(finding_json(finding));
    return {{"minutes_checked", report.minutes_checked},
            {"logs_checked", report.logs_checked},
            {"bytes_checked", report.bytes_checked},
            {"minutes_differing", report.minutes_differing},
            {"findings", std::move(findings)}};
}

std::string_view state_of(const VerifyJob& job) {
    if (!job.outcome) return "running";
    if (*job.outcome) return (*job.outcome)->is_exact() ? "exact" : "differs";
    return job.outcome->error().code == ErrorCode::Cancelled ? "cancelled" : "failed";
}

}  // namespace

json::object verify_json(const std::string& link, const VerifyJob& job) {
    json::object out{{"schema", "spillway/v1/verification"},
                     {"link", link},
                     {"from", unix_time_text(job.range.from_unix_s)},
                     {"to", unix_time_text(job.range.to_unix_s)},
                     {"state", state_of(job)},
                     {"started_at", rfc3339(job.started_at)},
                     {"ended_at", time_or_null(job.ended_at)},
                     {"report", nullptr},
                     {"error", nullptr}};
    if (job.outcome && *job.outcome) out["report"] = report_json(**job.outcome);
    if (job.outcome && !*job.outcome) out["error"] = error_or_null(job.outcome->error());
    return out;
}

json::object places_json(const LinkSpec& spec, const std::string& to,
                         const std::vector<replicator::TranslatedCursor>& places) {
    json::array list;
    for (const auto& place : places) {
        list.push_back(
            json::object{{"shard", place.shard.value()}, {"cursor", place.cursor.str()}});
    }
    return {{"schema", "spillway/v1/places"},
            {"link", spec.name},
            {"to", to},
            {"logstore", to == "target" ? spec.target : spec.source},
            {"places", std::move(list)}};
}

// ---- dead letters ----

namespace {

json::object letter_summary(const replicator::DeadLetter& letter) {
    return {{"id", letter.id},
            {"shard", letter.shard.value()},
            {"position", letter.record.position},
            {"logs", letter.record.logs},
            {"target", letter.record.target},
            {"reason", letter.record.reason},
            {"rule_digest", letter.rule_digest},
            {"noticed_at", unix_time_text(letter.noticed_unix_s)}};
}

json::object log_json(const Log& log) {
    json::array fields;
    for (const auto& content : log.contents) {
        fields.push_back(json::array{to_valid_utf8(content.key), to_valid_utf8(content.value)});
    }
    return {{"time", log.time}, {"fields", std::move(fields)}};
}

}  // namespace

json::object dead_letters_json(const std::string& link,
                               const std::vector<replicator::DeadLetter>& letters) {
    json::array list;
    for (const auto& letter : letters) list.push_back(letter_summary(letter));
    return {
        {"schema", "spillway/v1/dead-letters"}, {"link", link}, {"dead_letters", std::move(list)}};
}

json::object dead_letter_json(const replicator::DeadLetter& letter) {
    json::object out = letter_summary(letter);
    const auto view = wire::LogGroupView::parse(letter.record.group);
    const auto group = view ? view->to_owned() : Result<LogGroup>(view.error());
    if (!group) {
        out["unreadable"] = group.error().message;
        return out;
    }
    out["topic"] = to_valid_utf8(group->topic);
    out["source"] = to_valid_utf8(group->source);
    json::array logs;
    for (const auto& log : group->logs) logs.push_back(log_json(log));
    out["records"] = std::move(logs);
    return out;
}

}  // namespace spillway::daemon
