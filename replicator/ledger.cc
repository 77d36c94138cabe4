#include "replicator/ledger.h"

#include "base/json.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace spillway::replicator {
namespace {

std::string hex(std::uint64_t number) {
    return fmt::format("{:016x}", number);
}

std::optional<std::uint64_t> from_hex64(const std::optional<std::string>& text) {
    if (!text || text->size() != 16) return std::nullopt;
    const auto bytes = from_hex(*text);
    if (!bytes) return std::nullopt;
    std::uint64_t number = 0;
    for (const char byte : *bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
    return number;
}

std::int64_t whole(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

}  // namespace

std::string encode_entry(const LedgerEntry& entry) {
    return json::serialize(json::object{{"shard", whole(entry.shard.value())},
                                        {"minute", entry.minute},
                                        {"first", entry.first},
                                        {"past", entry.past},
                                        {"logs_read", whole(entry.logs_read)},
                                        {"bytes_read", whole(entry.bytes_read)},
                                        {"logs_filtered", whole(entry.logs_filtered)},
                                        {"logs_dead", whole(entry.logs_dead)},
                                        {"logs", whole(entry.acknowledged.logs)},
                                        {"bytes", whole(entry.acknowledged.bytes)},
                                        {"low", hex(entry.acknowledged.low)},
                                        {"high", hex(entry.acknowledged.high)},
                                        {"rule", entry.rule_digest}});
}

Result<LedgerEntry> decode_entry(std::string_view text) {
    auto object = parse_json_object(text);
    if (!object) return make_error(ErrorCode::Corrupt, object.error().message);
    bool complete = true;
    const auto number = [&](std::string_view key) {
        const auto found = find_int(*object, key);
        complete = complete && found;
        return found.value_or(0);
    };
    const auto count = [&](std::string_view key) {
        return static_cast<std::uint64_t>(number(key));
    };
    LedgerEntry entry;
    entry.shard = ShardId(static_cast<std::uint32_t>(number("shard")));
    entry.minute = number("minute");
    entry.first = number("first");
    entry.past = number("past");
    entry.logs_read = count("logs_read");
    entry.bytes_read = count("bytes_read");
    entry.logs_filtered = count("logs_filtered");
    entry.logs_dead = count("logs_dead");
    entry.acknowledged.logs = count("logs");
    entry.acknowledged.bytes = count("bytes");
    const auto low = from_hex64(find_string(*object, "low"));
    const auto high = from_hex64(find_string(*object, "high"));
    if (!complete || !low || !high) {
        return make_error(ErrorCode::Corrupt, "a ledger entry lacks a member");
    }
    entry.acknowledged.low = *low;
    entry.acknowledged.high = *high;
    entry.rule_digest = find_string(*object, "rule").value_or("");
    return entry;
}

std::string ledger_key(const LinkKeys& keys, ShardId shard, std::int64_t minute) {
    return fmt::format("{}{:010}/{:012}", keys.ledger(), shard.value(), minute);
}

Status ShardLedger::load(StateStore& state) {
    auto values = state.list(fmt::format("{}{:010}/", keys_.ledger(), shard_.value()));
    if (!values) return std::move(values).error();
    current_ = {};
    if (values->empty()) return {};
    auto entry = decode_entry(values->back().value);
    if (!entry) return std::move(entry).error().while_doing("read state key " + values->back().key);
    current_ = std::move(*entry);
    return {};
}

void ShardLedger::add(std::int64_t minute, const LedgerEntry& page) {
    minute = std::max(minute, current_.minute);
    if (minute != current_.minute) {
        current_ = {};
        current_.shard = shard_;
        current_.minute = minute;
        current_.first = page.first;
    }
    current_.past = page.past;
    current_.logs_read += page.logs_read;
    current_.bytes_read += page.bytes_read;
    current_.logs_filtered += page.logs_filtered;
    current_.logs_dead += page.logs_dead;
    current_.acknowledged += page.acknowledged;
    current_.rule_digest = page.rule_digest;
    unsaved_[minute] = current_;
}

std::vector<StateWrite> ShardLedger::writes() const {
    std::vector<StateWrite> writes;
    for (const auto& [minute, entry] : unsaved_) {
        writes.push_back({ledger_key(keys_, shard_, minute), encode_entry(entry)});
        writes.push_back({ledger_key(keys_, shard_, minute - kLedgerMinutes), std::nullopt});
    }
    return writes;
}

void ShardLedger::saved() {
    unsaved_.clear();
}

void ShardLedger::forget() {
    unsaved_.clear();
    current_ = {};
}

Result<std::vector<LedgerEntry>> read_ledger(StateStore& state, const std::string& link,
                                             std::int64_t from_minute, std::int64_t to_minute) {
    auto values = state.list(LinkKeys(link).ledger());
    if (!values) return std::move(values).error();
    std::vector<LedgerEntry> entries;
    for (const StoredValue& value : *values) {
        auto entry = decode_entry(value.value);
        if (!entry) return std::move(entry).error().while_doing("read state key " + value.key);
        if (entry->minute >= from_minute && entry->minute <= to_minute) {
            entries.push_back(std::move(*entry));
        }
    }
    return entries;
}

}  // namespace spillway::replicator
