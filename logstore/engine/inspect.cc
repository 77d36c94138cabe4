#include "logstore/engine/inspect.h"

#include "base/storage/durable_file.h"
#include "base/text.h"
#include "logstore/engine/catalog.h"
#include "logstore/engine/segment_name.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

class Inspector {
  public:
    Inspector(InspectDepth depth, FileSystem& files, FolderReport& report)
        : depth_(depth), files_(files), report_(report) {}

    Result<SegmentReport> segment(const std::string& path, const SegmentHeader& named, bool is_last,
                                  const std::optional<CleanTail>& clean) {
        SegmentReport segment;
        segment.path = path;
        auto file = files_.open(path, OpenMode::Read);
        if (!file) return std::move(file).error();
        auto size = (*file)->size();
        if (!size) return std::move(size).error();
        if (auto checked = check_header(**file, *size, named, is_last, segment); !checked) {
            return std::move(checked).error();
        }
        auto index_file = files_.open(index_path_of(path), OpenMode::Read);
        std::optional<SegmentSummary> indexed;
        if (index_file) {
            auto index = read_segment_index(**index_file);
            if (index && index->summary.header.salt == named.salt) {
                indexed = std::move(index->summary);
            } else {
                segment.index_problem =
                    index ? "it belongs to another segment" : index.error().message;
            }
        } else if (index_file.error().code != ErrorCode::NotFound) {
            return std::move(index_file).error();
        } else if (!is_last) {
            segment.index_problem = "it is missing";
        }
        if (indexed && depth_ == InspectDepth::Summary) {
            segment.complete_to = indexed->tail;
            segment.summary = *std::move(indexed);
            return segment;
        }
        std::optional<std::uint64_t> complete_to;
        if (!is_last || !segment.index_problem.empty()) complete_to = *size;
        if (clean && clean->segment == named.number) complete_to = clean->tail;
        if (indexed) complete_to = indexed->tail;
        return scan(**file, named, complete_to, indexed, index_file ? index_file->get() : nullptr,
                    std::move(segment));
    }

  private:
    Status check_header(File& file, std::uint64_t size, const SegmentHeader& named, bool is_last,
                        SegmentReport& segment) {
        if (size < kSegmentHeaderBytes) {
            segment.is_header_damaged = !is_last;  // else its making was cut short: harmless
            return {};
        }
        auto bytes = read_exactly(file, 0, kSegmentHeaderBytes);
        if (!bytes) return std::move(bytes).error();
        auto header = decode_segment_header(*bytes);
        if (!header && header.error().code == ErrorCode::Unsupported) return header.error();
        segment.is_header_damaged = !header || header->salt != named.salt ||
                                    header->number != named.number ||
                                    header->log_id != named.log_id;
        return {};
    }

    Result<SegmentReport> scan(File& file, const SegmentHeader& named,
                               std::optional<std::uint64_t> complete_to,
                               const std::optional<SegmentSummary>& indexed, File* index_file,
                               SegmentReport segment) {
        segment.complete_to = complete_to;
        auto scan = scan_segment(file, named, complete_to);
        if (!scan) return std::move(scan).error();
        report_.bytes_read += scan->tail;
        segment.summary = scan->index.summary();
        segment.damaged = scan->damaged;
        segment.torn_bytes = scan->torn_bytes;
        if (indexed) {
            compare(*indexed, *index_file, scan->index, segment);
            if (knows_damage(*indexed, segment.summary)) segment.isolated.swap(segment.damaged);
        }
        return segment;
    }

    /// True where the index already leaves out what is damaged: a repair was here before.
    static bool knows_damage(const SegmentSummary& indexed, const SegmentSummary& scanned) {
        if (indexed.damaged != scanned.damaged) return false;
        return std::equal(indexed.runs.begin(), indexed.runs.end(), scanned.runs.begin(),
                          scanned.runs.end(), [](const ShardRun& left, const ShardRun& right) {
                              return left.shard == right.shard &&
                                     left.first_position == right.first_position &&
                                     left.count == right.count;
                          });
    }

    /// The index must point at every record that is good. It may know more: records damaged since.
    static void compare(const SegmentSummary& indexed, File& index_file,
                        const SegmentIndexBuilder& scanned, SegmentReport& segment) {
        for (const auto& run : indexed.runs) {
            if (auto good = check_entries(index_file, run); !good) {
                segment.index_problem = good.error().message;
                return;
            }
        }
        for (const auto& run : scanned.summary().runs) {
            const auto* known = indexed.find(run.shard);
            const bool covers = known != nullptr && known->first_position <= run.first_position &&
                                known->end_position() >= run.end_position();
            if (!covers) {
                segment.index_problem =
                    "it does not know all records of shard " + std::to_string(run.shard.value());
                return;
            }
        }
    }

    const InspectDepth depth_;
    FileSystem& files_;
    FolderReport& report_;
};

Status check_format(const std::string& path) {
    auto format = read_file(path + "/format", 4096);
    if (!format && format.error().code == ErrorCode::NotFound) {
        return make_error(ErrorCode::NotFound, path +
                                                   " is not a region's folder: it has no file "
                                                   "\"format\"");
    }
    if (!format) return std::move(format).error();
    if (*format == kFormatLine) return {};
    return make_error(ErrorCode::Unsupported, path + " was written by another version: \"" +
                                                  to_valid_utf8(trim(*format)) + "\"");
}

}  // namespace

bool FolderReport::is_sound() const {
    return std::all_of(logstores.begin(), logstores.end(), [](const LogstoreReport& logstore) {
        return std::all_of(logstore.segments.begin(), logstore.segments.end(),
                           [](const SegmentReport& segment) { return segment.is_sound(); });
    });
}

Result<FolderReport> inspect_folder(const std::string& path, InspectDepth depth,
                                    FileSystem& files) {
    if (auto ours = check_format(path); !ours) return std::move(ours).error();
    auto catalog = Catalog::open(path + "/catalog.db");
    if (!catalog) return std::move(catalog).error();
    auto known = (*catalog)->all_logstores();
    if (!known) return std::move(known).error();
    FolderReport report;
    Inspector inspector(depth, files, report);
    for (const auto& stored : *known) {
        auto start = (*catalog)->log_start(stored);
        if (!start) return std::move(start).error();
        LogstoreReport logstore{stored.id, stored.ref, start->shards, start->fences.size(), {}};
        const auto directory = fmt::format("{}/logs/{}", path, stored.id);
        auto names = files.list(directory);
        if (!names && names.error().code != ErrorCode::NotFound) return std::move(names).error();
        if (!names) names = std::vector<std::string>();
        std::erase_if(*names, [&](const auto& name) { return !header_of_name(name, stored.id); });
        for (const auto& name : *names) {
            const bool is_last = name == names->back();
            auto segment =
                inspector.segment(directory + "/" + name, *header_of_name(name, stored.id), is_last,
                                  start->clean_tail);
            if (!segment) return std::move(segment).error().while_doing(directory + "/" + name);
            logstore.segments.push_back(*std::move(segment));
        }
        report.logstores.push_back(std::move(logstore));
    }
    return report;
}

namespace {

/// One file a range, named after where it was.
Status copy_aside(const std::string& folder, const LogstoreReport& logstore,
                  const SegmentReport& segment, FileSystem& files) {
    if (segment.damaged.empty()) return {};
    if (auto made = make_directories(folder + "/damaged"); !made) return made;
    auto file = files.open(segment.path, OpenMode::Read);
    if (!file) return std::move(file).error();
    for (const auto& range : segment.damaged) {
        auto bytes =
            read_exactly(**file, range.begin, static_cast<std::size_t>(range.end - range.begin));
        if (!bytes) return std::move(bytes).error();
        const auto name = fmt::format("{}/damaged/{}-{}-{}.bytes", folder, logstore.id,
                                      segment.summary.header.number, range.begin);
        if (auto saved = write_file_durably(name, *bytes); !saved) return saved;
    }
    return {};
}

Status rewrite(const LogstoreReport& logstore, const SegmentReport& segment, FileSystem& files) {
    const auto name = segment.path.substr(segment.path.rfind('/') + 1);
    const auto header = *header_of_name(name, logstore.id);
    auto file = files.open(segment.path, OpenMode::ReadWrite);
    if (!file) return std::move(file).error();
    if (segment.is_header_damaged) {
        const auto encoded = encode_segment_header(header);
        const std::string_view pieces[] = {encoded};
        if (auto written = (*file)->write_at(0, pieces); !written) return written;
        if (auto synced = (*file)->sync(); !synced) return synced;
    }
    auto scan = scan_segment(**file, header, segment.complete_to);
    if (!scan) return std::move(scan).error();
    return replace_file(files, index_path_of(segment.path), scan->index.encode().bytes);
}

}  // namespace

Result<std::size_t> isolate_damage(const std::string& path, const FolderReport& report,
                                   FileSystem& files) {
    std::size_t changed = 0;
    for (const auto& logstore : report.logstores) {
        for (const auto& segment : logstore.segments) {
            if (segment.is_sound()) continue;
            if (auto copied = copy_aside(path, logstore, segment, files); !copied) {
                return std::move(copied).error();
            }
            if (auto done = rewrite(logstore, segment, files); !done)
                return std::move(done).error();
            ++changed;
        }
    }
    return changed;
}

}  // namespace spillway::engine
