#include "daemon/commands/logstore_data.h"

#include "base/text.h"
#include "daemon/logstore_tool/put_logs.h"
#include "daemon/logstore_tool/read_logs.h"
#include "daemon/region_options.h"
#include "daemon/signals.h"
#include "logstore/wire/codec.h"

#include <iostream>
#include <thread>
#include <utility>

#include <signal.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

/// Turns Ctrl-C and SIGTERM into a stop request. Made before anything starts a thread.
class InterruptWatch {
  public:
    InterruptWatch() : thread_([this](const std::stop_token& ended) { watch(ended); }) {}
    std::stop_token token() const { return source_.get_token(); }

  private:
    void watch(const std::stop_token& ended) {
        constexpr std::chrono::milliseconds kLook{100};
        while (!ended.stop_requested()) {
            if (signals_.wait_for(kLook)) {
                source_.request_stop();
                return;
            }
        }
    }

    SignalWaiter signals_{SIGINT, SIGTERM};
    std::stop_source source_;
    std::jthread thread_;  // last: it uses the others
};

int wrong_usage(Streams& streams, const Error& error) {
    report_error(error, streams);
    return kExitUsage;
}

int region_failed(Streams& streams, const Error& error) {
    return report_error(error, streams, region_advice(error));
}

LogstoreRef ref_of(const Arguments& arguments) {
    return {ProjectName(arguments.get("project")), LogstoreName(arguments.positional("LOGSTORE"))};
}

Result<std::uint64_t> number(const Arguments& arguments, std::string_view flag) {
    if (arguments.get(flag).empty()) return std::uint64_t{0};
    const auto value = parse_uint(arguments.get(flag));
    if (!value || *value == 0) {
        return make_error(
            ErrorCode::InvalidArgument,
            "--" + std::string(flag) + " is a number above 0, not \"" + arguments.get(flag) + "\"");
    }
    return *value;
}

Result<std::vector<LogTag>> tags_of(const Arguments& arguments) {
    std::vector<LogTag> out;
    for (const auto& text : arguments.all("tag")) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return make_error(ErrorCode::InvalidArgument,
                              "--tag is KEY=VALUE, not \"" + text + "\"");
        }
        out.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    return out;
}

Result<PutOptions> put_options(const Arguments& arguments) {
    PutOptions out;
    out.ref = ref_of(arguments);
    out.json = arguments.has("json");
    out.topic = arguments.get("topic");
    out.source = arguments.get("source");
    auto tags = tags_of(arguments);
    if (!tags) return std::move(tags).error();
    out.tags = *std::move(tags);
    const std::string name = arguments.get("compress");
    const auto codec = name == "none" ? Codec::None : wire::parse_codec(name);
    if (!codec) {
        return make_error(ErrorCode::InvalidArgument,
                          "--compress is lz4, zstd, deflate or none, not \"" + name + "\"");
    }
    out.codec = *codec;
    return out;
}

Result<std::unique_ptr<ByteSource>> put_source(const Arguments& arguments, Streams& streams) {
    if (arguments.has("file")) return ByteSource::of_file(arguments.get("file"));
    if (&streams.in == &std::cin) return ByteSource::of_descriptor(STDIN_FILENO);
    return ByteSource::of_stream(streams.in);
}

std::string counted(std::uint64_t count, std::string_view what) {
    return human_count(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

int tell_put(const PutSummary& summary, const LogstoreRef& ref, Streams& streams) {
    streams.out << counted(summary.logs, "log") << " acknowledged in "
                << counted(summary.groups, "group") << " (" << human_bytes(summary.bytes) << ") by "
                << ref.to_string() << "\n";
    if (!summary.failure) return kExitDone;
    const Error& error = *summary.failure;
    std::string what_now =
        "lines from " + std::to_string(summary.failed_line) + " on were not acknowledged";
    if (error.code == ErrorCode::Unavailable) {
        what_now += "; the batch that begins there may be stored all the same";
    }
    if (const auto advice = region_advice(error); !advice.empty()) what_now += "\n  " + advice;
    const int status = report_error(error, streams, what_now);
    return summary.logs > 0 ? kExitPartly : status;
}

Result<ReadOptions> read_options(const Arguments& arguments, std::string_view limit_flag,
                                 WallTime now) {
    ReadOptions out;
    out.ref = ref_of(arguments);
    for (const auto& text : arguments.all("shard")) {
        const auto id = parse_uint(text);
        if (!id || *id > UINT32_MAX) {
            return make_error(ErrorCode::InvalidArgument,
                              "--shard is a shard's number, not \"" + text + "\"");
        }
        out.shards.emplace_back(static_cast<std::uint32_t>(*id));
    }
    for (const auto& [flag, point] : {std::pair("from", &out.from), std::pair("to", &out.to)}) {
        if (arguments.get(flag).empty()) continue;  // tail has no --to
        auto parsed = parse_read_point(arguments.get(flag), now);
        if (!parsed) return std::move(parsed).error().while_doing("--" + std::string(flag));
        if (std::holds_alternative<Cursor>(*parsed) && out.shards.size() != 1) {
            return make_error(ErrorCode::InvalidArgument,
                              "--" + std::string(flag) +
                                  " cursor:... belongs to one shard: say which with --shard");
        }
        *point = *std::move(parsed);
    }
    const auto limit = number(arguments, limit_flag);
    if (!limit) return limit.error();
    out.logs_max = *limit;
    return out;
}

/// A reader like `head` that has had enough is no failure worth words.
int reading_failed(Streams& streams, const Error& error) {
    if (error.code == ErrorCode::Cancelled && !streams.out) return kExitFailed;
    return region_failed(streams, error);
}

}  // namespace

int run_logstore_put(const Arguments& arguments, Streams& streams) {
    const auto options = put_options(arguments);
    if (!options) return wrong_usage(streams, options.error());
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return wrong_usage(streams, region.error());
    auto source = put_source(arguments, streams);
    if (!source) return report_error(source.error(), streams);
    // A log has frames around it; what is larger the service would refuse.
    LineInput input(*std::move(source), kPutBytesMax - 4'096);
    return tell_put(put_lines(**region, input, *options, clock), options->ref, streams);
}

int run_logstore_pull(const Arguments& arguments, Streams& streams) {
    const SystemClock clock;
    const auto options = read_options(arguments, "count", clock.wall());
    if (!options) return wrong_usage(streams, options.error());
    auto region = open_region(arguments, clock);
    if (!region) return wrong_usage(streams, region.error());
    const auto read = read_logs(**region, *options, streams.out);
    if (!read) return reading_failed(streams, read.error());
    return kExitDone;
}

int run_logstore_tail(const Arguments& arguments, Streams& streams) {
    const InterruptWatch interrupt;
    const SystemClock clock;
    auto options = read_options(arguments, "limit", clock.wall());
    if (!options) return wrong_usage(streams, options.error());
    auto region = open_region(arguments, clock, interrupt.token());
    if (!region) return wrong_usage(streams, region.error());
    FollowOptions follow;
    follow.read = *std::move(options);
    const auto warn = [&streams](std::string_view text) {
        streams.err << "warning: " << text << "\n";
    };
    const auto read = follow_logs(**region, follow, streams.out, warn, clock, interrupt.token());
    if (!read && interrupt.token().stop_requested()) return kExitInterrupted;
    if (!read) return reading_failed(streams, read.error());
    return interrupt.token().stop_requested() ? kExitInterrupted : kExitDone;
}

}  // namespace spillway::daemon
