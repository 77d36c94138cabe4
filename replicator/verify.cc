// Sketch: ledger entries give, per (shard, minute), a range of source positions and a sum. One walk
// over the target adds each copied record to the sum of the entry that its provenance falls into.
// Entries whose sums differ get a second walk that keeps the records' hashes, and are held against
// the source read again.

#include "replicator/verify.h"

#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "replicator/page_encoder.h"
#include "replicator/target_look.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace spillway::replicator {
namespace {

using RecordHash = std::pair<std::uint64_t, std::uint64_t>;
using WriteIdentity = std::tuple<std::string, std::uint64_t, std::int64_t, std::int64_t,
                                 std::uint32_t, std::uint32_t>;

/// What the target holds of one entry.
struct Found {
    RecordSum sum;
    // Only in the second walk:
    std::map<RecordHash, std::int64_t> records;  // how often
    std::map<WriteIdentity, int> writes;
};

class Entries {
  public:
    explicit Entries(std::vector<LedgerEntry> entries) : entries_(std::move(entries)) {
        std::sort(entries_.begin(), entries_.end(), [](const auto& left, const auto& right) {
            return std::pair(left.shard, left.first) < std::pair(right.shard, right.first);
        });
    }
    const std::vector<LedgerEntry>& all() const { return entries_; }
    /// The entry that the position falls into, as an index.
    std::optional<std::size_t> find(ShardId shard, std::int64_t position) const {
        auto after = std::upper_bound(entries_.begin(), entries_.end(), std::pair(shard, position),
                                      [](const auto& key, const LedgerEntry& entry) {
                                          return key < std::pair(entry.shard, entry.first);
                                      });
        if (after == entries_.begin()) return std::nullopt;
        --after;
        if (after->shard != shard || position >= after->past) return std::nullopt;
        return static_cast<std::size_t>(after - entries_.begin());
    }

  private:
    std::vector<LedgerEntry> entries_;
};

RecordHash hash_of(std::string_view frame, std::uint64_t origin) {
    RecordSum one;
    one.add(frame, origin);
    return {one.low, one.high};
}

class Verifier {
  public:
    Verifier(const VerifyRequest& request, const LinkPorts& ports, Entries entries)
        : request_(request), ports_(ports), entries_(std::move(entries)) {
        found_.resize(entries_.all().size());
        keep_.resize(entries_.all().size(), false);
    }

    Status walk_targets(std::stop_token stop) {
        const std::int64_t since =
            request_.from_minute * 60 - std::chrono::seconds(kClockSkewMax).count();
        for (const LinkTarget& target : ports_.targets) {
            if (target.reader == nullptr) {
                return make_error(ErrorCode::Unsupported,
                                  "target " + target.ref.to_string() + " cannot be read back");
            }
            auto shards = target.reader->shards(target.ref);
            if (!shards) return std::move(shards).error();
            for (const Shard& shard : *shards) {
                if (stop.stop_requested()) {
                    return make_error(ErrorCode::Cancelled, "the check was stopped");
                }
                auto walked =
                    for_each_group_since(*target.reader, target.ref, shard.id, since,
                                         [&](std::string_view group) { note(target.name, group); });
                if (!walked) return walked;
            }
        }
        return {};
    }

    VerifyReport compare() {
        VerifyReport report;
        for (std::size_t at = 0; at < found_.size(); ++at) {
            const LedgerEntry& entry = entries_.all()[at];
            ++report.minutes_checked;
            report.logs_checked += entry.acknowledged.logs;
            report.bytes_checked += entry.acknowledged.bytes;
            if (found_[at].sum == entry.acknowledged) continue;
            ++report.minutes_differing;
            if (report.findings.size() >= request_.findings_max) continue;
            VerifyFinding finding;
            finding.shard = entry.shard;
            finding.minute = entry.minute;
            finding.expected = entry.acknowledged;
            finding.actual = found_[at].sum;
            report.findings.push_back(std::move(finding));
            keep_[at] = true;
            narrow_.push_back(at);
        }
        return report;
    }

    /// Walks again, keeping single records of the entries that differ.
    Status walk_again(std::stop_token stop) {
        detailed_ = true;
        for (const std::size_t at : narrow_) found_[at] = {};
        return walk_targets(std::move(stop));
    }

    void narrow(VerifyReport& report, const RuleBook::Compile& compile) {
        for (std::size_t at = 0; at < narrow_.size(); ++at) {
            VerifyFinding& finding = report.findings[at];
            const std::size_t entry = narrow_[at];
            if (name_doubled_write(found_[entry], finding)) continue;
            if (auto named = name_record(entries_.all()[entry], found_[entry], compile, finding);
                !named) {
                finding.detail = "the source's range cannot be read again to name the record: " +
                                 named.error().to_string();
            }
        }
    }

  private:
    void note(const std::string& target, std::string_view bytes) {
        auto view = wire::LogGroupView::parse(bytes);
        if (!view) return;
        const auto tag = view->find_tag(kOriginTag);
        const auto provenance = tag ? parse_provenance(*tag) : std::nullopt;
        if (!provenance || provenance->link != request_.link || provenance->late) return;
        const auto at = entries_.find(provenance->shard, provenance->first);
        const auto origin = at ? origin_digest(bytes) : Result<std::uint64_t>(std::uint64_t{0});
        if (!at || !origin || (detailed_ && !keep_[*at])) return;
        Found& found = found_[*at];
        view->for_each_log([&](const wire::LogView& log) {
            found.sum.add(log.frame(), *origin);
            if (detailed_) ++found.records[hash_of(log.frame(), *origin)];
            return true;
        });
        if (detailed_) {
            ++found.writes[{target, *origin, provenance->first, provenance->last, provenance->part,
                            provenance->nth}];
        }
    }

    static bool name_doubled_write(const Found& found, VerifyFinding& finding) {
        for (const auto& [identity, times] : found.writes) {
            if (times < 2) continue;
            finding.difference = Difference::Doubled;
            finding.position = std::get<2>(identity);
            finding.detail = "the write of source positions " +
                             std::to_string(std::get<2>(identity)) + " to " +
                             std::to_string(std::get<3>(identity)) + " is in the target " +
                             std::to_string(times) + " times";
            return true;
        }
        return false;
    }

    Status name_record(const LedgerEntry& entry, Found& found, const RuleBook::Compile& compile,
                       VerifyFinding& finding) {
        auto rule = rule_of(entry, compile);
        if (!rule) return std::move(rule).error();
        Cursor at = Cursor::from_position(entry.first);
        const Cursor end = Cursor::from_position(entry.past);
        while (at != end) {
            auto page = ports_.source.pull(request_.source, entry.shard,
                                           {at, end, kPullGroupsMax, Codec::Lz4});
            if (!page) return std::move(page).error();
            if (page->next == at) {
                return make_error(ErrorCode::OutOfRange, "it ends at " + at.str());
            }
            auto named = cross_off(*page, entry, *rule, found, finding);
            if (!named) return named;
            at = page->next;
        }
        judge(found, finding);
        return {};
    }

    Result<Rule> rule_of(const LedgerEntry& entry, const RuleBook::Compile& compile) {
        auto text = ports_.state.get(LinkKeys(request_.link).rule(entry.rule_digest));
        if (!text) return std::move(text).error();
        if (!*text) return make_error(ErrorCode::NotFound, "its rule is not kept any more");
        if ((*text)->value.empty()) return Rule();
        return compile((*text)->value);
    }

    /// Crosses off what each group of the page should have become; notes the first that is missing.
    Status cross_off(const Page& page, const LedgerEntry& entry, const Rule& rule, Found& found,
                     VerifyFinding& finding) {
        auto raw = wire::decompress(page.codec, page.body, page.raw_bytes);
        if (!raw) return std::move(raw).error();
        std::int64_t position = page.last_position.value_or(*page.next.position() - 1) -
                                static_cast<std::int64_t>(page.group_count) + 1;
        Status outcome;
        auto walked = wire::for_each_group(*raw, [&](std::string_view group) {
            SourcePage one;
            wire::append_group_frame(one.raw, group.size());
            one.raw += group;
            one.positions = {position};
            auto encoded = encode_page(one, rule, from_unix_seconds(entry.minute * 60), settings());
            if (!encoded) {
                outcome = std::move(encoded).error();
                return false;
            }
            for (const OutBatch& batch : encoded->batches) {
                cross_off_batch(batch, position, found, finding);
            }
            ++position;
            return true;
        });
        return walked ? outcome : walked;
    }

    static void cross_off_batch(const OutBatch& batch, std::int64_t position, Found& found,
                                VerifyFinding& finding) {
        auto view = wire::LogGroupView::parse(batch.body);
        if (!view) return;
        view->for_each_log([&](const wire::LogView& log) {
            if (--found.records[hash_of(log.frame(), batch.origin_digest)] < 0 &&
                !finding.position) {
                finding.difference = Difference::Missing;
                finding.position = position;
            }
            return true;
        });
    }

    /// What was not crossed off is too much: beside a missing record, a changed one.
    static void judge(const Found& found, VerifyFinding& finding) {
        const bool extra = std::any_of(found.records.begin(), found.records.end(),
                                       [](const auto& record) { return record.second > 0; });
        const std::string where = finding.position ? " of the group at source position " +
                                                         std::to_string(*finding.position)
                                                   : std::string();
        if (finding.position && extra) {
            finding.difference = Difference::Changed;
            finding.detail =
                "a log" + where + " is not in the target as the rule made it; another is";
        } else if (finding.position) {
            finding.detail = "a log" + where + " is not in the target";
        } else if (extra) {
            finding.difference = Difference::Doubled;
            finding.detail = "the target holds logs of this minute that the source did not give";
        } else {
            finding.detail =
                "every record of the source's range is in the target, yet the ledger "
                "has another sum: the ledger was changed, or records were dead letters";
        }
    }

    EncodeSettings settings() const {
        EncodeSettings settings;
        settings.link = request_.link;
        for (const LinkTarget& target : ports_.targets) settings.targets.push_back(target.name);
        settings.bytes_max = UINT64_MAX;
        settings.logs_max = UINT32_MAX;
        settings.hops_max = UINT32_MAX;
        return settings;
    }

    const VerifyRequest& request_;
    const LinkPorts& ports_;
    const Entries entries_;
    std::vector<Found> found_;
    std::vector<bool> keep_;
    std::vector<std::size_t> narrow_;
    bool detailed_ = false;
};

}  // namespace

std::string_view name_of(Difference difference) {
    switch (difference) {
        case Difference::Missing:
            return "missing";
        case Difference::Doubled:
            return "doubled";
        case Difference::Changed:
            return "changed";
        case Difference::Unknown:
            return "unknown";
    }
    return "";
}

Result<VerifyReport> verify_link(const VerifyRequest& request, const LinkPorts& ports,
                                 const RuleBook::Compile& compile, std::stop_token stop) {
    auto entries = read_ledger(ports.state, request.link, request.from_minute, request.to_minute);
    if (!entries) return std::move(entries).error();
    Verifier verifier(request, ports, Entries(std::move(*entries)));
    if (auto walked = verifier.walk_targets(stop); !walked) {
        return Error(walked.error()).while_doing("verify link " + request.link);
    }
    VerifyReport report = verifier.compare();
    if (report.is_exact()) return report;
    if (auto walked = verifier.walk_again(stop); !walked) {
        return Error(walked.error()).while_doing("verify link " + request.link);
    }
    verifier.narrow(report, compile);
    return report;
}

}  // namespace spillway::replicator
