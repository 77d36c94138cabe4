// Sketch: loops out -> rule -> for each edited group: take it apart into log frames and header (all
// the rest), append its frames to the open write of the same header -> close writes when full and
// at the end. A write's body is its log frames, then the header once, then the provenance tag.
// Packed writes are put together in the same way, of stretches of the page's block.

#include "replicator/page_encoder.h"

#include "base/hash.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/lz4_slice.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

namespace spillway::replicator {
namespace {

constexpr std::string_view kClientIpTag = "__client_ip__";
constexpr std::string_view kReceiveTimeTag = "__receive_time__";
// The collector gives each of its packs its own id: not a part of what identifies a source.
constexpr std::string_view kPackIdTag = "__pack_id__";

bool is_volatile(std::string_view tag) {
    return tag == kOriginTag || tag == kClientIpTag || tag == kReceiveTimeTag;
}

/// A group as the rule left it.
struct Piece {
    std::size_t target = 0;
    std::uint32_t source_group = 0;
};

/// A group taken apart.
struct Anatomy {
    std::string header;  // every field but logs and provenance, in order
    std::vector<std::string_view> frames;
    std::size_t frame_bytes = 0;
    std::optional<Provenance> provenance;
    std::uint64_t origin_digest = 0;
    std::uint64_t lane_hash = 0;
};

struct SourceGroup {
    std::string_view bytes;
    std::int64_t position = 0;
    Anatomy anatomy;

    std::uint32_t logs() const { return static_cast<std::uint32_t>(anatomy.frames.size()); }
    const std::optional<Provenance>& provenance() const { return anatomy.provenance; }
};

std::uint64_t digest_of(const wire::LogGroupView& view, bool with_pack_id) {
    std::vector<std::pair<std::string_view, std::string_view>> tags;
    view.for_each_tag([&](std::string_view key, std::string_view value) {
        if (!is_volatile(key) && (with_pack_id || key != kPackIdTag)) tags.emplace_back(key, value);
        return true;
    });
    std::sort(tags.begin(), tags.end());
    std::uint64_t digest = hash64(view.source(), hash64(view.topic(), 1));
    for (const auto& [key, value] : tags) digest = hash64(value, hash64(key, digest));
    return digest;
}

/// The value of a provenance tag; nothing for other fields.
std::optional<std::string_view> origin_value(const wire::Field& field) {
    std::string_view key;
    std::string_view value;
    if (!field.is(wire::detail::kGroupTags, wire::WireType::Bytes) ||
        !wire::detail::read_pair(field.bytes, key, value) || key != kOriginTag) {
        return std::nullopt;
    }
    return value;
}

Status finish_digests(Anatomy& anatomy) {
    auto view = wire::LogGroupView::parse(anatomy.header);
    if (!view) return std::move(view).error();
    anatomy.origin_digest = digest_of(*view, true);
    anatomy.lane_hash = digest_of(*view, false);
    return {};
}

Result<Anatomy> take_apart(std::string_view bytes) {
    Anatomy anatomy;
    wire::FieldCursor fields(bytes);
    wire::Field field;
    bool has_origin = false;
    while (fields.next(field)) {
        if (field.is(wire::detail::kGroupLogs, wire::WireType::Bytes)) {
            anatomy.frames.push_back(field.frame);
            anatomy.frame_bytes += field.frame.size();
        } else if (const auto origin = origin_value(field)) {
            if (!has_origin) anatomy.provenance = parse_provenance(*origin);
            has_origin = true;
        } else {
            anatomy.header += field.frame;
        }
    }
    if (!fields.ok()) {
        return make_error(ErrorCode::Corrupt,
                          "the LogGroup is malformed at byte " + std::to_string(fields.offset()));
    }
    if (auto done = finish_digests(anatomy); !done) return std::move(done).error();
    return anatomy;
}

/// Collects pieces into writes.
class Merger {
  public:
    /// With a block, frames are stretches of `page.raw`, in its order, and writes are cut out.
    Merger(const SourcePage& page, bool packs, const EncodeSettings& settings, EncodedPage& out)
        : settings_(settings), out_(out), raw_(page.raw) {
        if (!packs) return;
        slicer_.emplace(page.block, page.raw);
        packed_share_ =
            static_cast<double>(page.block.size()) / static_cast<double>(page.raw.size());
    }

    /// Why the block could not be cut: the writes are then of no use.
    const std::optional<Error>& failure() const { return failure_; }

    void add(const Piece& piece, const SourceGroup& origin, const Anatomy& anatomy) {
        if (anatomy.frames.empty()) return;
        const std::string key = key_of(piece, origin, anatomy);
        if (settings_.order == Order::PerShard && !open_.empty() && !index_.contains(key))
            close_all();
        if (anatomy.frames.size() > settings_.logs_max ||
            anatomy.frame_bytes > settings_.bytes_max) {
            close(key);
            add_in_parts(piece, origin, anatomy);
            return;
        }
        append(key, piece, origin, anatomy);
    }

    void close_all() {
        for (auto& open : open_) {
            if (open.batch.logs > 0) emit(std::move(open));
        }
        open_.clear();
        index_.clear();
    }

  private:
    struct Open {
        OutBatch batch;
        std::string header;
        wire::Lz4Stitcher packed;
    };
    using Frames = std::span<const std::string_view>;

    /// Room for a write of about so many raw bytes and its provenance.
    void reserve(Open& open, std::size_t bytes) const {
        constexpr std::size_t kProvenanceBytes = 256;
        if (!slicer_) {
            open.batch.body.reserve(bytes + kProvenanceBytes);
            return;
        }
        const auto packed = static_cast<std::size_t>(static_cast<double>(bytes) * packed_share_);
        open.packed.reserve(packed + packed / 16 + kProvenanceBytes);
    }

    static std::string key_of(const Piece& piece, const SourceGroup& origin,
                              const Anatomy& anatomy) {
        std::string key = std::to_string(piece.target) + "\n";
        if (const auto& before = origin.provenance()) {
            for (const auto& link : before->via) key += link + ",";
            key += before->link + "/" + std::to_string(before->hops);
        }
        return key + "\n" + anatomy.header;
    }

    Open begin(const Piece& piece, const SourceGroup& origin, const Anatomy& anatomy) const {
        Open open;
        open.header = anatomy.header;
        open.batch.target = piece.target;
        open.batch.lane = static_cast<std::uint32_t>(
            hash64(settings_.targets[piece.target], anatomy.lane_hash) % settings_.lanes);
        open.batch.origin_digest = anatomy.origin_digest;
        Provenance& provenance = open.batch.provenance;
        provenance.link = settings_.link;
        provenance.shard = settings_.shard;
        provenance.first = provenance.last = origin.position;
        provenance.epoch = settings_.epoch;
        provenance.late = settings_.late;
        if (const auto& before = origin.provenance()) {
            provenance.hops = before->hops + 1;
            provenance.via = before->via;
            provenance.via.push_back(before->link);
        }
        return open;
    }

    void put(Open& open, Frames frames) {
        OutBatch& batch = open.batch;
        std::string_view run;
        for (const std::string_view frame : frames) {
            batch.sum.add(frame, batch.origin_digest);
            if (run.data() + run.size() == frame.data()) {
                run = {run.data(), run.size() + frame.size()};
                continue;
            }
            copy(open, run);
            run = frame;
        }
        copy(open, run);
        batch.logs += static_cast<std::uint32_t>(frames.size());
    }

    void copy(Open& open, std::string_view run) {
        if (run.empty()) return;
        open.batch.raw_bytes += run.size();
        if (!slicer_) {
            open.batch.body += run;
            return;
        }
        const auto begin = static_cast<std::size_t>(run.data() - raw_.data());
        auto copied = slicer_->append(begin, begin + run.size(), open.packed);
        if (!copied && !failure_) failure_ = std::move(copied).error();
    }

    void append(const std::string& key, const Piece& piece, const SourceGroup& origin,
                const Anatomy& anatomy) {
        auto found = index_.find(key);
        if (found != index_.end()) {
            const Open& open = open_[found->second];
            const bool full = open.batch.logs + anatomy.frames.size() > settings_.logs_max ||
                              open.batch.raw_bytes + anatomy.frame_bytes > settings_.bytes_max;
            if (full) {
                close(key);
                found = index_.end();
            }
        }
        if (found == index_.end()) {
            found = index_.emplace(key, open_.size()).first;
            open_.push_back(begin(piece, origin, anatomy));
            reserve(open_.back(), anatomy.frame_bytes + anatomy.header.size());
        }
        Open& open = open_[found->second];
        put(open, anatomy.frames);
        open.batch.provenance.last = origin.position;
    }

    /// Cuts between logs; a log alone above the limit goes alone.
    std::vector<std::pair<std::size_t, std::size_t>> cut(const Anatomy& anatomy) const {
        std::vector<std::pair<std::size_t, std::size_t>> parts;
        std::size_t begin = 0;
        std::size_t bytes = 0;
        for (std::size_t at = 0; at < anatomy.frames.size(); ++at) {
            const bool full = at - begin >= settings_.logs_max ||
                              bytes + anatomy.frames[at].size() > settings_.bytes_max;
            if (at > begin && full) {
                parts.emplace_back(begin, at);
                begin = at;
                bytes = 0;
            }
            bytes += anatomy.frames[at].size();
        }
        parts.emplace_back(begin, anatomy.frames.size());
        return parts;
    }

    void add_in_parts(const Piece& piece, const SourceGroup& origin, const Anatomy& anatomy) {
        const auto parts = cut(anatomy);
        for (std::size_t part = 0; part < parts.size(); ++part) {
            const auto [first, past] = parts[part];
            Open open = begin(piece, origin, anatomy);
            open.batch.provenance.part = static_cast<std::uint32_t>(part + 1);
            open.batch.provenance.parts = static_cast<std::uint32_t>(parts.size());
            put(open, Frames(anatomy.frames).subspan(first, past - first));
            emit(std::move(open));
        }
    }

    void close(const std::string& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return;
        emit(std::move(open_[found->second]));
        open_[found->second] = Open{};  // its place stays, so that the others keep theirs
        index_.erase(found);
    }

    void emit(Open open) {
        OutBatch& batch = open.batch;
        batch.provenance.nth = ++emitted_[{batch.origin_digest, batch.provenance.first,
                                           batch.provenance.last, batch.provenance.part}];
        const std::string end =
            open.header + wire::encode_tag(kOriginTag, format_provenance(batch.provenance));
        batch.raw_bytes += end.size();
        if (slicer_) {
            open.packed.append_raw(end);
            batch.block = open.packed.finish();
        } else {
            batch.body += end;
        }
        batch.index = static_cast<std::uint32_t>(out_.batches.size());
        out_.batches.push_back(std::move(batch));
    }

    const EncodeSettings& settings_;
    EncodedPage& out_;
    const std::string_view raw_;
    std::optional<wire::Lz4Slicer> slicer_;
    double packed_share_ = 1;  // of the page's block in its raw bytes
    std::optional<Error> failure_;
    std::vector<Open> open_;  // in the order of their first group
    std::unordered_map<std::string, std::size_t> index_;
    /// A rule may give several groups of one header out of one source group: tells them apart.
    std::map<std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t>, std::uint32_t>
        emitted_;
};

Result<std::vector<SourceGroup>> read_groups(const SourcePage& page) {
    std::vector<SourceGroup> groups;
    std::optional<Error> failed;
    auto walked = wire::for_each_group(page.raw, [&](std::string_view bytes) {
        auto anatomy = take_apart(bytes);
        if (!anatomy) {
            failed = std::move(anatomy).error();
            return false;
        }
        SourceGroup group{bytes, 0, std::move(*anatomy)};
        if (groups.size() < page.positions.size()) group.position = page.positions[groups.size()];
        groups.push_back(std::move(group));
        return true;
    });
    if (failed) return *std::move(failed);
    if (!walked) return std::move(walked).error();
    if (groups.size() != page.positions.size()) {
        return make_error(ErrorCode::Corrupt,
                          "the page announced " + std::to_string(page.positions.size()) +
                              " groups and holds " + std::to_string(groups.size()));
    }
    return groups;
}

bool is_loop(const SourceGroup& group, const EncodeSettings& settings) {
    if (!group.provenance()) return false;
    const Provenance& provenance = *group.provenance();
    return provenance.hops >= settings.hops_max || passed_link(provenance, settings.link) ||
           std::any_of(settings.refuse_links.begin(), settings.refuse_links.end(),
                       [&](const std::string& link) { return passed_link(provenance, link); });
}

/// Takes loops out of `groups`; counts them.
void refuse_loops(std::vector<SourceGroup>& groups, const EncodeSettings& settings,
                  EncodedPage& out) {
    std::erase_if(groups, [&](const SourceGroup& group) {
        out.logs_read += group.logs();
        if (!is_loop(group, settings)) return false;
        out.logs_looped += group.logs();
        out.logs_filtered += group.logs();
        return true;
    });
}

std::string list_of(const std::vector<SourceGroup>& groups) {
    std::string list;
    for (const SourceGroup& group : groups) {
        wire::append_group_frame(list, group.bytes.size());
        list += group.bytes;
    }
    return list;
}

/// The log alone, with the topic, source and tags it had.
std::string lift_log(std::string_view group, std::uint32_t log_index) {
    std::string lifted;
    std::uint32_t at = 0;
    wire::FieldCursor fields(group);
    wire::Field field;
    while (fields.next(field)) {
        const bool is_log = field.is(wire::detail::kGroupLogs, wire::WireType::Bytes);
        if (!is_log || at++ == log_index) lifted += field.frame;
    }
    return lifted;
}

std::optional<std::size_t> find_target(const EncodeSettings& settings, const std::string& name) {
    if (name.empty()) return 0;
    const auto found = std::find(settings.targets.begin(), settings.targets.end(), name);
    if (found == settings.targets.end()) return std::nullopt;
    return static_cast<std::size_t>(found - settings.targets.begin());
}

/// A group's bytes as the rule gives them.
std::string bytes_of(const transform::OutputGroup& group, const SourceGroup& origin) {
    return group.copies_source ? std::string(origin.bytes) + group.bytes : group.bytes;
}

/// What a rule made of a page; an empty rule makes every group of itself.
transform::PageResult copies_of(const std::vector<SourceGroup>& groups) {
    transform::PageResult result;
    for (std::uint32_t index = 0; index < groups.size(); ++index) {
        transform::OutputGroup group;
        group.source_group = index;
        group.copies_source = true;
        group.log_count = groups[index].logs();
        result.groups.push_back(std::move(group));
    }
    return result;
}

void set_failed_aside(const transform::PageResult& edited, const std::vector<SourceGroup>& groups,
                      EncodedPage& out) {
    for (const auto& failed : edited.failed) {
        const SourceGroup& origin = groups[failed.source_group];
        out.dead.push_back({origin.position, failed.log_index, 1, "", failed.reason,
                            lift_log(origin.bytes, failed.log_index)});
    }
}

/// The anatomy of an edited group: of one that stays as it is it is known, but for tags behind it.
Result<Anatomy> anatomy_of(const transform::OutputGroup& group, const SourceGroup& origin) {
    if (!group.copies_source) return take_apart(group.bytes);
    Anatomy anatomy = origin.anatomy;
    if (group.bytes.empty()) return anatomy;
    anatomy.header += group.bytes;
    if (auto done = finish_digests(anatomy); !done) return std::move(done).error();
    return anatomy;
}

Status merge_edited(const transform::PageResult& edited, const std::vector<SourceGroup>& groups,
                    const EncodeSettings& settings, Merger& merger, EncodedPage& out) {
    set_failed_aside(edited, groups, out);
    for (const auto& group : edited.groups) {
        const SourceGroup& origin = groups[group.source_group];
        const auto target = find_target(settings, group.target);
        if (!target) {
            out.dead.push_back(
                {origin.position, 0, group.log_count, group.target,
                 "the rule sends to target \"" + group.target + "\", which the link does not have",
                 bytes_of(group, origin)});
            continue;
        }
        auto anatomy = anatomy_of(group, origin);
        if (!anatomy) return std::move(anatomy).error();
        merger.add({*target, group.source_group}, origin, *anatomy);
    }
    merger.close_all();
    out.logs_filtered += edited.logs_dropped;
    if (merger.failure()) return Error(*merger.failure());
    return {};
}

/// Writes can be cut out of the page's block where no log was touched.
bool can_pack(const SourcePage& page, const transform::PageResult& edited,
              const std::vector<SourceGroup>& groups, const EncodeSettings& settings) {
    if (page.block.empty() || groups.empty() ||
        page.raw.size() / groups.size() < settings.cut_group_bytes_min) {
        return false;
    }
    return std::all_of(edited.groups.begin(), edited.groups.end(),
                       [](const auto& group) { return group.copies_source; });
}

}  // namespace

LandedSet::Identity LandedSet::identity_of(std::uint64_t origin_digest,
                                           const Provenance& provenance) {
    return {origin_digest,    provenance.first, provenance.last, provenance.part,
            provenance.parts, provenance.nth,   provenance.hops};
}

void LandedSet::add(std::uint64_t origin_digest, const Provenance& provenance) {
    landed_.insert(identity_of(origin_digest, provenance));
}

bool LandedSet::holds(const OutBatch& batch) const {
    return landed_.contains(identity_of(batch.origin_digest, batch.provenance));
}

Result<std::uint64_t> origin_digest(std::string_view group) {
    auto view = wire::LogGroupView::parse(group);
    if (!view) return std::move(view).error();
    return digest_of(*view, true);
}

std::string without_provenance(std::string_view group) {
    std::string rest;
    wire::FieldCursor fields(group);
    wire::Field field;
    while (fields.next(field)) {
        if (!origin_value(field)) rest += field.frame;
    }
    return fields.ok() ? rest : std::string(group);
}

std::string raw_body(const OutBatch& batch) {
    if (batch.block.empty() || !batch.body.empty()) return batch.body;
    auto raw = wire::decompress(Codec::Lz4, batch.block, batch.raw_bytes);
    return raw ? std::move(*raw) : batch.block;
}

Result<EncodedPage> encode_page(const SourcePage& page, const Rule& rule, WallTime now,
                                const EncodeSettings& settings) {
    auto groups = read_groups(page);
    if (!groups) return std::move(groups).error();
    EncodedPage out;
    refuse_loops(*groups, settings, out);
    transform::PageResult edited;
    if (rule.copies_everything()) {
        edited = copies_of(*groups);
    } else {
        auto run = rule.run(out.logs_looped == 0 ? page.raw : list_of(*groups), now);
        if (!run) return std::move(run).error();
        edited = std::move(*run);
    }
    if (can_pack(page, edited, *groups, settings)) {
        EncodedPage packed = out;
        Merger merger(page, true, settings, packed);
        if (merge_edited(edited, *groups, settings, merger, packed)) {
            rule.recycle(std::move(edited));
            return packed;
        }
        // A block that our own walk does not take, although the library decoded it: pack anew.
    }
    Merger merger(page, false, settings, out);
    if (auto merged = merge_edited(edited, *groups, settings, merger, out); !merged) {
        return std::move(merged).error();
    }
    rule.recycle(std::move(edited));
    return out;
}

}  // namespace spillway::replicator
