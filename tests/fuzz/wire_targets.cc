#include "base/json.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/lz4_stitch.h"
#include "logstore/wire/metadata_json.h"
#include "logstore/wire/signature.h"
#include "sls_logs.pb.h"
#include "targets.h"

#include <algorithm>
#include <string>
#include <vector>

namespace spillway::fuzz {

namespace {

constexpr std::uint64_t kRawBytesMax = 1024 * 1024;

bool is_inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void walk(const wire::LogGroupView& view) {
    std::uint32_t logs = 0;
    view.for_each_log([&](const wire::LogView& log) {
        ++logs;
        (void)log.time();
        (void)log.time_ns();
        promise(is_inside(log.frame(), view.bytes()), "a log lies inside its group");
        (void)log.for_each_content([&](const wire::ContentView& content) {
            promise(is_inside(content.frame, log.body()), "a content lies inside its log");
            return true;
        });
        return true;
    });
    promise(logs == view.log_count(), "log_count() is the number of logs visited");
    view.for_each_tag_view([&](const wire::TagView& tag) {
        promise(is_inside(tag.frame, view.bytes()), "a tag lies inside its group");
        return true;
    });
}

/// Whatever protobuf makes of the bytes, written by it in its own order, reads the same to us.
void compare_with_protobuf(std::string_view bytes, const LogGroup& ours) {
    sls::LogGroup theirs;
    if (!theirs.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
    const std::string canonical = theirs.SerializeAsString();
    const auto view = wire::LogGroupView::parse(canonical);
    promise(view && view->validate(), "what protobuf wrote is valid");
    promise(*view->to_owned() == ours, "protobuf and we read the same group");
}

}  // namespace

void log_group(std::string_view input) {
    const auto view = wire::LogGroupView::parse(input);
    if (!view) return;
    walk(*view);
    if (!view->validate()) return;
    const auto owned = view->to_owned();
    promise(owned.has_value(), "a valid group can be copied");
    const std::string written = wire::encode(*owned);
    const auto again = wire::LogGroupView::parse(written);
    promise(again && again->validate() && *again->to_owned() == *owned,
            "a group that was written anew reads the same");
    compare_with_protobuf(input, *owned);
}

void log_group_list(std::string_view input) {
    (void)wire::for_each_group(input, [&](std::string_view group) {
        promise(is_inside(group, input), "a group lies inside its list");
        if (const auto view = wire::LogGroupView::parse(group)) walk(*view);
        return true;
    });
}

void lz4_outline(std::string_view input) {
    Choices choices(input);
    std::uint64_t raw_bytes = choices.byte();
    raw_bytes |= std::uint64_t{choices.byte()} << 8U;
    raw_bytes |= std::uint64_t{choices.below(16)} << 16U;
    const auto outline = wire::outline_lz4_block(choices.rest(), raw_bytes);
    if (!outline) return;
    const auto raw = wire::decompress(Codec::Lz4, choices.rest(), raw_bytes, kRawBytesMax);
    promise(raw && raw->size() == raw_bytes, "a block that passes decodes to its size");
    const auto recalled =
        wire::recall_lz4_outline(choices.rest(), raw_bytes, outline->last_sequence);
    promise(recalled && *recalled == *outline, "a recalled outline is the one that was made");
    const std::string longer =
        wire::append_to_lz4_block(choices.rest(), *outline, "the suffix of a block");
    const auto both = wire::decompress(Codec::Lz4, longer, raw_bytes + 21, kRawBytesMax);
    promise(both && *both == *raw + "the suffix of a block", "a suffix is appended as it is");
}

void lz4_stitch(std::string_view input) {
    Choices choices(input);
    const std::uint32_t pieces = choices.below(9);
    std::vector<std::uint32_t> shapes;
    for (std::uint32_t i = 0; i < pieces; ++i) shapes.push_back(choices.byte());
    std::string_view left = choices.rest();
    std::string wanted;
    wire::Lz4Stitcher stitcher;
    for (const std::uint32_t shape : shapes) {
        const auto text = left.substr(0, shape);
        left.remove_prefix(text.size());
        // Repetition makes matches; the low bits choose how much and whether it is compressed.
        std::string piece;
        for (std::uint32_t i = 0; i <= shape % 40; ++i) piece += text;
        wanted += piece;
        if (shape % 2 == 0) {
            stitcher.append_raw(piece);
            continue;
        }
        const auto block = wire::compress(Codec::Lz4, piece);
        const auto outline = wire::outline_lz4_block(*block, piece.size());
        promise(outline.has_value(), "what the library compressed passes");
        stitcher.append_block(*block, *outline);
    }
    const std::uint64_t raw_bytes = stitcher.raw_bytes();
    promise(raw_bytes == wanted.size(), "the decoded size is the sum");
    const std::string block = stitcher.finish();
    promise(wire::outline_lz4_block(block, raw_bytes).has_value(), "a stitched block passes");
    const auto raw = wire::decompress(Codec::Lz4, block, raw_bytes, kRawBytesMax);
    promise(raw && *raw == wanted, "a stitched block decodes to the row of its pieces");
}

namespace {

HttpRequest request_of(Choices& choices) {
    HttpRequest request;
    request.method = choices.line();
    request.target = choices.line();
    for (std::uint32_t headers = choices.below(16); headers > 0; --headers) {
        const auto name = choices.line();
        request.headers.add(name, choices.line());
    }
    request.body = choices.rest();
    return request;
}

constexpr std::string_view kKey = "testAccessKeyId";

std::optional<std::string> secret_of(std::string_view key) {
    if (key != kKey) return std::nullopt;
    return "testAccessKeySecret";
}

}  // namespace

void signature(std::string_view input) {
    const auto now = WallTime(std::chrono::seconds(1'700'000'000));
    Choices choices(input);
    const auto version = choices.byte() % 2 == 0 ? wire::SignVersion::V1 : wire::SignVersion::V4;
    const HttpRequest raw = request_of(choices);
    (void)wire::parse_authorization(raw.headers);
    (void)wire::verify(raw, secret_of, now);

    HttpRequest mine;
    mine.method = "POST";
    mine.target = "/" + raw.target;
    mine.headers.add("Host", "pay.localhost");
    mine.headers.add("x-log-bodyrawsize", std::to_string(raw.body.size()));
    mine.body = raw.body;
    wire::sign(mine, {std::string(kKey), "testAccessKeySecret", ""}, {version, "local"}, now);
    promise(wire::verify(mine, secret_of, now).has_value(), "what our client signs is accepted");
    mine.body += "x";
    promise(!wire::verify(mine, secret_of, now), "a changed body is refused");
    mine.body.pop_back();
    mine.headers.set("x-log-bodyrawsize", std::to_string(raw.body.size() + 1));
    promise(!wire::verify(mine, secret_of, now), "a changed header is refused");
}

namespace {

void feed_objects(const json::object& object) {
    (void)wire::parse_project(object);
    (void)wire::parse_logstore(ProjectName("pay"), object);
    (void)wire::parse_cursor(object);
    (void)wire::parse_cursor_time(object);
    ConsumerGroupInfo group;
    (void)wire::read_consumer_group(object, group);
    (void)wire::parse_save_checkpoint(object);
    (void)wire::parse_machine(object);
    for (const auto* member : {"configs", "machinegroups", "machines", "projects", "logstores"}) {
        (void)wire::parse_list(object, member);
    }
}

void feed_what_is_stored(const json::object& object) {
    for (const auto form : {ConfigForm::Classic, ConfigForm::Pipeline}) {
        const auto config = wire::parse_collector_config(form, object);
        if (!config) continue;
        const auto again =
            wire::parse_collector_config(form, wire::collector_config_json(*config, 1, 2));
        promise(
            again && wire::collector_config_body(*again) == wire::collector_config_body(*config),
            "a config that is given out can be taken in again unchanged");
    }
    if (const auto group = wire::parse_machine_group(object)) {
        const auto again = wire::parse_machine_group(wire::machine_group_json(*group, 1, 2));
        promise(again && wire::machine_group_body(*again) == wire::machine_group_body(*group),
                "a machine group given out can be taken in again");
    }
}

}  // namespace

void metadata_json(std::string_view input) {
    const auto value = parse_json(input);
    if (!value) return;
    (void)wire::parse_shards(*value);
    (void)wire::parse_consumer_groups(*value);
    (void)wire::parse_shard_ids(*value);
    (void)wire::parse_checkpoints(*value);
    if (!value->is_object()) return;
    feed_objects(value->as_object());
    feed_what_is_stored(value->as_object());
}

}  // namespace spillway::fuzz
