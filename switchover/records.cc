#include "switchover/records.h"

#include "base/hash.h"
#include "base/text.h"
#include "switchover/codec.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

std::string pair_key(const PairName& pair) {
    return "pair/" + pair.str();
}
std::string operation_key(const PairName& pair, const OperationId& id) {
    return "op/" + pair.str() + "/" + id.str();
}
std::string journal_prefix(const PairName& pair, const OperationId& id) {
    return operation_key(pair, id) + "/j/";
}
std::string cut_key(const PairName& pair, Epoch epoch, std::string_view what) {
    return fmt::format("cut/{}/{}/{}", pair.str(), epoch, what);
}
std::string obligation_key(const Obligation& obligation) {
    return fmt::format("obl/{}/{:08}/{}", obligation.pair.str(), obligation.epoch,
                       name_of(obligation.kind));
}
std::string report_key(const PairName& pair, Epoch epoch, bool final) {
    return fmt::format("report/{}/{}/{}", pair.str(), epoch, final ? "final" : "1");
}

std::string text_of(const json::object& object) {
    return json::serialize(object);
}

Status status_of(Result<Revision> committed) {
    if (!committed) return std::move(committed).error();
    return {};
}

std::string journal_text(const JournalRecord& record) {
    auto object = encode(record);
    object["hash"] = record.hash;
    return text_of(object);
}

}  // namespace

Result<Stored<PairRecord>> Records::pair(const PairName& pair, const RegionName& first) {
    auto stored = store_.get(pair_key(pair));
    if (!stored) return std::move(stored).error();
    if (!stored->has_value()) {
        PairRecord record;
        record.active = first;
        return Stored<PairRecord>{record, 0};
    }
    auto object = parse_json_object((*stored)->value);
    if (!object) return std::move(object).error();
    auto record = decode_pair(*object);
    if (!record) return std::move(record).error();
    return Stored<PairRecord>{std::move(*record), (*stored)->modified};
}

Result<Stored<Operation>> Records::operation(const PairName& pair, const OperationId& id) {
    auto stored = store_.get(operation_key(pair, id));
    if (!stored) return std::move(stored).error();
    if (!stored->has_value()) {
        return make_error(ErrorCode::NotFound, "there is no operation " + id.str());
    }
    auto object = parse_json_object((*stored)->value);
    if (!object) return std::move(object).error();
    auto operation = decode_operation(*object);
    if (!operation) return std::move(operation).error();
    return Stored<Operation>{std::move(*operation), (*stored)->modified};
}

Result<std::vector<Operation>> Records::operations(const PairName& pair) {
    auto stored = store_.list("op/" + pair.str() + "/");
    if (!stored) return std::move(stored).error();
    std::vector<Operation> operations;
    for (const auto& value : *stored) {
        if (value.key.find("/j/") != std::string::npos) continue;
        auto object = parse_json_object(value.value);
        if (!object) return std::move(object).error().while_doing(value.key);
        auto operation = decode_operation(*object);
        if (!operation) return std::move(operation).error().while_doing(value.key);
        operations.push_back(std::move(*operation));
    }
    std::sort(operations.begin(), operations.end(), [](const auto& left, const auto& right) {
        return left.plan.epoch > right.plan.epoch;
    });
    return operations;
}

Result<std::vector<JournalRecord>> Records::journal(const PairName& pair, const OperationId& id) {
    auto stored = store_.list(journal_prefix(pair, id));
    if (!stored) return std::move(stored).error();
    std::vector<JournalRecord> journal;
    for (const auto& value : *stored) {
        auto object = parse_json_object(value.value);
        if (!object) return std::move(object).error().while_doing(value.key);
        auto record = decode_journal(*object);
        if (!record) return std::move(record).error().while_doing(value.key);
        journal.push_back(std::move(*record));
    }
    return journal;
}

Status Records::claim(const Stored<PairRecord>& seen, const PairName& pair, const PairRecord& next,
                      const Operation& operation, const JournalRecord& first) {
    auto previous = last_hash(pair, seen.value.operation);
    if (!previous) return std::move(previous).error();
    JournalRecord line = first;
    line.hash = chain_hash(*previous, line);
    const auto operation_at = operation_key(pair, operation.id);
    const auto journal_at = journal_prefix(pair, operation.id) + "00000000";
    return status_of(
        store_.commit({{pair_key(pair), seen.revision}, {operation_at, 0}, {journal_at, 0}},
                      {{pair_key(pair), text_of(encode(next))},
                       {operation_at, text_of(encode(operation))},
                       {journal_at, journal_text(line)}}));
}

Result<std::string> Records::last_hash(const PairName& pair, const OperationId& newest) {
    if (newest.empty()) return std::string();
    auto lines = journal(pair, newest);
    if (!lines) return std::move(lines).error();
    return lines->empty() ? std::string() : lines->back().hash;
}

Result<AuditResult> Records::audit(const PairName& pair, const PairRecord& record) {
    AuditResult result;
    result.pair = pair;
    auto newest_first = operations(pair);
    if (!newest_first) return std::move(newest_first).error();
    Epoch expected = 2;  // a pair begins at 1, each operation takes the next
    for (auto operation = newest_first->rbegin(); operation != newest_first->rend(); ++operation) {
        auto lines = journal(pair, operation->id);
        if (!lines) return std::move(lines).error();
        if (operation->plan.epoch != expected++) {
            result.broken = "an operation is missing before " + operation->id.str();
        } else if (const auto line = first_broken(*lines, result.head)) {
            result.broken =
                fmt::format("line {} of {} is not what was written", *line, operation->id.str());
        }
        if (!result.broken.empty()) return result;
        ++result.operations;
        result.lines += lines->size();
        if (!lines->empty()) result.head = lines->back().hash;
    }
    if (record.epoch + 1 != expected) result.broken = "the newest operation is missing";
    return result;
}

Result<Revision> Records::move_pair(const PairName& pair, const Stored<PairRecord>& seen,
                                    const PairRecord& next) {
    return store_.commit({{pair_key(pair), seen.revision}},
                         {{pair_key(pair), text_of(encode(next))}});
}

Result<Revision> Records::save(const Stored<Operation>& operation, Revision pair_seen) {
    const auto& pair = operation.value.plan.pair;
    const auto key = operation_key(pair, operation.value.id);
    return store_.commit({{pair_key(pair), pair_seen}, {key, operation.revision}},
                         {{key, text_of(encode(operation.value))}});
}

Status Records::finish(const Stored<Operation>& operation, const Stored<PairRecord>& pair_seen,
                       const PairRecord& pair_next) {
    const auto& pair = operation.value.plan.pair;
    const auto key = operation_key(pair, operation.value.id);
    return status_of(store_.commit(
        {{pair_key(pair), pair_seen.revision}, {key, operation.revision}},
        {{pair_key(pair), text_of(encode(pair_next))}, {key, text_of(encode(operation.value))}}));
}

Status Records::append(const Operation& operation, std::vector<JournalRecord>& journal,
                       JournalRecord record, Revision pair_seen) {
    record.number = static_cast<std::uint32_t>(journal.size());
    record.hash = chain_hash(journal.empty() ? "" : journal.back().hash, record);
    const auto& pair = operation.plan.pair;
    const auto key = fmt::format("{}{:08}", journal_prefix(pair, operation.id), record.number);
    auto committed =
        store_.commit({{pair_key(pair), pair_seen}, {key, 0}}, {{key, journal_text(record)}});
    if (!committed) return std::move(committed).error();
    journal.push_back(std::move(record));
    return {};
}

Result<std::optional<json::object>> Records::cut(const PairName& pair, Epoch epoch,
                                                 std::string_view what) {
    auto stored = store_.get(cut_key(pair, epoch, what));
    if (!stored) return std::move(stored).error();
    if (!stored->has_value()) return std::optional<json::object>{};
    auto object = parse_json_object((*stored)->value);
    if (!object) return std::move(object).error();
    return std::optional<json::object>{std::move(*object)};
}

Result<json::object> Records::write_once(const PairName& pair, Epoch epoch, std::string_view what,
                                         const json::object& object) {
    const auto key = cut_key(pair, epoch, what);
    auto committed = store_.commit({{key, 0}}, {{key, text_of(object)}});
    if (committed) return object;
    if (committed.error().code != ErrorCode::Conflict) return std::move(committed).error();
    auto present = cut(pair, epoch, what);
    if (!present) return std::move(present).error();
    if (!present->has_value()) {
        return make_error(ErrorCode::Conflict, key + " was taken away while it was read");
    }
    return std::move(**present);
}

Result<std::vector<Stored<Obligation>>> Records::obligations(const PairName& pair) {
    auto stored = store_.list("obl/" + pair.str() + "/");
    if (!stored) return std::move(stored).error();
    std::vector<Stored<Obligation>> obligations;
    for (const auto& value : *stored) {
        auto object = parse_json_object(value.value);
        if (!object) return std::move(object).error().while_doing(value.key);
        auto obligation = decode_obligation(*object);
        if (!obligation) return std::move(obligation).error().while_doing(value.key);
        obligations.push_back({std::move(*obligation), value.modified});
    }
    return obligations;
}

Status Records::open(const Obligation& obligation) {
    const auto key = obligation_key(obligation);
    auto committed = store_.commit({{key, 0}}, {{key, text_of(encode(obligation))}});
    if (!committed && committed.error().code != ErrorCode::Conflict) {
        return std::move(committed).error();
    }
    return {};
}

Status Records::save(const Stored<Obligation>& obligation) {
    const auto key = obligation_key(obligation.value);
    return status_of(
        store_.commit({{key, obligation.revision}}, {{key, text_of(encode(obligation.value))}}));
}

Status Records::settle(const Stored<Obligation>& obligation, const Report& report,
                       const Stored<PairRecord>& pair_seen, const PairRecord& pair_next) {
    const auto key = obligation_key(obligation.value);
    const auto& pair = obligation.value.pair;
    return status_of(
        store_.commit({{key, obligation.revision}, {pair_key(pair), pair_seen.revision}},
                      {{key, text_of(encode(obligation.value))},
                       {report_key(pair, report.epoch, true), text_of(encode(report))},
                       {pair_key(pair), text_of(encode(pair_next))}}));
}

Status Records::save_first(const Report& report) {
    const auto key = report_key(report.pair, report.epoch, false);
    auto committed = store_.commit({{key, 0}}, {{key, text_of(encode(report))}});
    if (!committed && committed.error().code != ErrorCode::Conflict) {
        return std::move(committed).error();
    }
    return {};
}

Result<Report> Records::report(const PairName& pair, Epoch epoch) {
    for (const bool final : {true, false}) {
        auto stored = store_.get(report_key(pair, epoch, final));
        if (!stored) return std::move(stored).error();
        if (!stored->has_value()) continue;
        auto object = parse_json_object((*stored)->value);
        if (!object) return std::move(object).error();
        return decode_report(*object);
    }
    return make_error(ErrorCode::NotFound,
                      "there is no report yet: the operation has not committed");
}

int next_step(const std::vector<JournalRecord>& journal) {
    int next = 0;
    for (const auto& record : journal) {
        if (record.kind == JournalKind::Done) next = record.step + 1;
        if (record.kind == JournalKind::Failed) {
            if (const auto rewind = find_int(record.detail, "rewind_to")) {
                next = static_cast<int>(*rewind);
            }
        }
    }
    return next;
}

std::string chain_hash(const std::string& previous, const JournalRecord& record) {
    return to_hex(sha256(previous + canonical_json(encode(record))));
}

std::optional<std::uint32_t> first_broken(const std::vector<JournalRecord>& journal,
                                          const std::string& start) {
    std::string previous = start;
    for (std::size_t i = 0; i < journal.size(); ++i) {
        const auto& record = journal[i];
        if (record.number != i || record.hash != chain_hash(previous, record)) {
            return static_cast<std::uint32_t>(i);
        }
        previous = record.hash;
    }
    return std::nullopt;
}

}  // namespace spillway::switchover
