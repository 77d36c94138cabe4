#include "bench/transform_pages.h"

#include "base/result.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <fmt/format.h>

namespace spillway::bench {

namespace {

using MakeText = std::string (*)(wire::LogView log);

std::string_view field_of(wire::LogView log, std::string_view key) {
    auto contents = log.contents();
    for (wire::ContentView content; contents.next(content);) {
        if (content.key == key) return content.value;
    }
    return {};
}

std::string line_of(wire::LogView log) {
    const auto field = [&](std::string_view key) { return field_of(log, key); };
    return fmt::format(R"({} - {} [{}] "{} {} HTTP/1.1" {} {} "{}" "{}")", field("remote_addr"),
                       field("remote_user"), field("time_local"), field("request_method"),
                       field("request_uri"), field("status"), field("body_bytes_sent"),
                       field("http_referer"), field("http_user_agent"));
}

bool is_number(std::string_view key) {
    return key == "status" || key == "body_bytes_sent" || key == "request_time";
}

/// The data needs no escapes.
std::string json_of(wire::LogView log) {
    std::string out = "{";
    auto contents = log.contents();
    for (wire::ContentView content; contents.next(content);) {
        if (out.size() > 1) out += ", ";
        const std::string_view quote = is_number(content.key) ? "" : "\"";
        out += fmt::format(R"("{}": {}{}{})", content.key, quote, content.value, quote);
    }
    return out + "}";
}

std::string rewrite_group(std::string_view bytes, MakeText make) {
    auto group = wire::LogGroupView::parse(bytes);
    SPILLWAY_INVARIANT(group.has_value(), "the benchmark's page is not whole");
    wire::LogGroupWriter writer;
    group->for_each_log([&](wire::LogView log) {
        writer.begin_log(log.time());
        writer.content("content", make(log));
        writer.end_log();
        return true;
    });
    writer.topic(group->topic());
    writer.source(group->source());
    group->for_each_tag([&](std::string_view key, std::string_view value) {
        writer.tag(key, value);
        return true;
    });
    return writer.take();
}

std::string compressed(std::string_view raw) {
    auto out = wire::compress(Codec::Lz4, raw);
    SPILLWAY_INVARIANT(out.has_value(), "the benchmark's data cannot be compressed");
    return std::move(*out);
}

Pages rewrite(const Pages& pages, MakeText make) {
    Pages made;
    for (const auto& page : pages) {
        BenchPage& out = made.emplace_back();
        out.logs = page.logs;
        for (const auto& group : page.groups) {
            out.groups.push_back(rewrite_group(group, make));
            out.lz4_groups.push_back(compressed(out.groups.back()));
            wire::append_group_frame(out.raw, out.groups.back().size());
            out.raw += out.groups.back();
        }
        out.lz4 = compressed(out.raw);
    }
    return made;
}

}  // namespace

Pages as_lines(const Pages& pages) {
    return rewrite(pages, line_of);
}

Pages as_json_lines(const Pages& pages) {
    return rewrite(pages, json_of);
}

}  // namespace spillway::bench
