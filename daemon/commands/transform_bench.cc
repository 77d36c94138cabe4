// transform bench, docs, fmt and repl.
#include "base/text.h"
#include "daemon/commands/transform_tools.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"
#include "transform/formatter.h"
#include "transform/reference.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

using transform::EventFields;
using transform::Program;

/// Sample events over and over, a thousand to a group, up to the wanted size.
std::string page_of(const std::vector<EventFields>& events, std::size_t bytes_wanted) {
    std::string page;
    wire::LogGroupWriter writer;
    std::uint32_t time = 1'700'000'000;
    while (page.size() < bytes_wanted) {
        for (std::size_t i = 0; i < 1000; ++i) {
            writer.begin_log(time++);
            for (const auto& [key, value] : events[i % events.size()]) {
                if (!key.starts_with("__")) writer.content(key, value);
            }
            writer.end_log();
        }
        writer.topic("bench");
        writer.source("127.0.0.1");
        const auto group = writer.take();
        wire::append_group_frame(page, group.size());
        page += group;
    }
    return page;
}

struct Timing {
    double transform_seconds = 0;
    double chain_seconds = 0;
    double limit_seconds = 0;
};

double seconds_since(MonoTime begin, const Clock& clock) {
    return std::chrono::duration<double>(clock.mono() - begin).count();
}

/// One round: decompress, transform, compress; and beside it decompress and compress of the same
/// output.
Result<Timing> run_round(const Program& program, const std::string& packed, std::size_t raw_bytes,
                         transform::Scratch& scratch, const Clock& clock) {
    Timing timing;
    const transform::RunContext context{clock.wall()};
    auto begin = clock.mono();
    auto page = wire::decompress(Codec::Lz4, packed, raw_bytes);
    if (!page) return std::move(page).error();
    const auto transform_begin = clock.mono();
    auto result = program.run_page(*page, context, scratch);
    if (!result) return std::move(result).error();
    timing.transform_seconds = seconds_since(transform_begin, clock);
    std::vector<std::string> packed_out;
    for (const auto& group : result->groups) {
        auto out = wire::compress(Codec::Lz4, group.bytes);
        if (!out) return std::move(out).error();
        packed_out.push_back(*std::move(out));
    }
    timing.chain_seconds = seconds_since(begin, clock);
    begin = clock.mono();
    auto again = wire::decompress(Codec::Lz4, packed, raw_bytes);
    if (!again) return std::move(again).error();
    for (const auto& group : result->groups) {
        auto out = wire::compress(Codec::Lz4, group.bytes);
        if (!out) return std::move(out).error();
    }
    timing.limit_seconds = seconds_since(begin, clock);
    return timing;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

int bench(const Arguments& arguments, Streams& streams) {
    auto program = compile_rule_file(arguments.positional("RULE"), streams);
    if (!program) return kExitFailed;
    auto events = read_events(arguments.get("file"), streams);
    if (!events) return report_error(events.error(), streams);
    if (events->empty()) {
        return report_error(make_error(ErrorCode::InvalidArgument, "there are no sample events"),
                            streams);
    }
    constexpr std::size_t kPageBytes = 3'000'000;
    constexpr int kRounds = 15;
    const std::string page = page_of(*events, kPageBytes);
    auto packed = wire::compress(Codec::Lz4, page);
    if (!packed) return report_error(packed.error(), streams);
    const SystemClock clock;
    transform::Scratch scratch;
    std::vector<double> transform_rate;
    std::vector<double> chain_rate;
    std::vector<double> ratio;
    const double megabytes = static_cast<double>(page.size()) / 1e6;
    for (int i = 0; i < kRounds; ++i) {
        const auto timing = run_round(*program, *packed, page.size(), scratch, clock);
        if (!timing) return report_error(timing.error(), streams);
        transform_rate.push_back(megabytes / timing->transform_seconds);
        chain_rate.push_back(megabytes / timing->chain_seconds);
        ratio.push_back(timing->limit_seconds / timing->chain_seconds);
    }
    streams.out << fmt::format(
        "tier                      {}\n"
        "page                      {} raw\n"
        "transform alone           {:.0f} MB/s\n"
        "decompress + transform + compress  {:.0f} MB/s\n"
        "of decompress + compress alone     {:.2f}\n",
        transform::name_of(program->tier()), human_bytes(page.size()), median(transform_rate),
        median(chain_rate), median(ratio));
    return kExitDone;
}

int docs(const Arguments&, Streams& streams) {
    streams.out << transform::reference_markdown();
    return kExitDone;
}

int format(const Arguments& arguments, Streams& streams) {
    const auto name = arguments.positional("FILE");
    auto rule = read_rule_file(name, streams);
    if (!rule) return report_error(rule.error(), streams);
    auto formatted = transform::format_rule(*rule);
    if (!formatted) {
        const auto compiled = Program::compile(*rule);
        for (const auto& each : compiled.diagnostics) {
            streams.err << transform::render(each, *rule, name);
        }
        return report_error(formatted.error(), streams, "nothing was changed");
    }
    if (!arguments.has("write") || name == "-") {
        streams.out << *formatted;
        return kExitDone;
    }
    if (*formatted == *rule) return kExitDone;
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    file << *formatted;
    file.close();
    if (!file) return report_error(errno_error("write " + name, errno), streams);
    streams.err << fmt::format("{}: formatted\n", name);
    return kExitDone;
}

void print_result(const transform::EventResult& result, EventFields& event, Streams& streams) {
    for (const auto& failure : result.failures) streams.out << "failed: " << failure << "\n";
    if (result.emitted.empty() && result.failures.empty()) streams.out << "dropped\n";
    for (const auto& emitted : result.emitted) {
        if (!emitted.target.empty()) streams.out << "[" << emitted.target << "] ";
        streams.out << transform::event_json(emitted.fields) << "\n";
        if (emitted.target.empty()) event = emitted.fields;
    }
}

void suggest(const std::string& word, Streams& streams) {
    const auto names = transform::function_names_with(word);
    for (const auto& name : names) streams.out << "  " << name << "\n";
    if (names.empty()) streams.out << "  no function begins with \"" << word << "\"\n";
}

/// A JSON line becomes the event; a step runs on it; an expression is shown.
int repl(const Arguments&, Streams& streams) {
    EventFields event;
    std::vector<std::string> history;
    transform::Scratch scratch;
    const transform::RunContext context{SystemClock().wall()};
    streams.out << "{...} sets the event, a step changes it, an expression shows its value.\n"
                   ":event shows it, :history the lines so far, NAME? completes, :quit ends.\n";
    std::string line;
    while (streams.out << "> " << std::flush, std::getline(streams.in, line)) {
        const std::string text(trim(line));
        if (text.empty()) continue;
        if (text == ":quit" || text == ":q") break;
        if (text == ":event") {
            streams.out << transform::event_json(event) << "\n";
        } else if (text == ":history") {
            for (const auto& each : history) streams.out << each << "\n";
        } else if (text.ends_with('?')) {
            suggest(text.substr(0, text.size() - 1), streams);
        } else if (text.starts_with('{')) {
            const auto parsed = parse_json(text);
            const auto fields = parsed ? transform::parse_event(*parsed) : parsed.error();
            if (fields) {
                event = *fields;
            } else {
                streams.out << "error: " << fields.error().message << "\n";
            }
        } else {
            history.push_back(text);
            auto compiled = Program::compile(text);
            if (!compiled.program) {
                // An expression: show what it would store.
                auto as_value = Program::compile("e_set(\"=\", " + text + ")");
                if (as_value.program) {
                    auto result = as_value.program->run_event(event, context, scratch);
                    for (const auto& failure : result.failures)
                        streams.out << "failed: " << failure << "\n";
                    for (const auto& emitted : result.emitted) {
                        const auto value =
                            std::find_if(emitted.fields.begin(), emitted.fields.end(),
                                         [](const auto& f) { return f.first == "="; });
                        streams.out << (value == emitted.fields.end() ? "null" : value->second)
                                    << "\n";
                    }
                    continue;
                }
            }
            for (const auto& each : compiled.diagnostics) {
                streams.out << transform::render(each, text, "line");
            }
            if (compiled.program) {
                print_result(compiled.program->run_event(event, context, scratch), event, streams);
            }
        }
    }
    return kExitDone;
}

}  // namespace

std::vector<Command> transform_more_commands() {
    return {
        {"transform bench",
         "measure a rule on sample events",
         "Builds a page of about 3 MB from the samples and reports MB of raw bytes per second and "
         "core, "
         "beside decompressing and compressing alone in the same round; medians of 15 rounds.",
         {{"RULE", "a rule file"}},
         {{"file", 'f', "FILE", "sample events; - is standard input", "-"}},
         bench},
        {"transform repl", "try steps and expressions on an event, line by line", "", {}, {}, repl},
        {"transform fmt",
         "print a rule in its customary form",
         "Comments stay where they are.",
         {{"FILE", "a rule file; - is standard input"}},
         {{"write", 'w', "", "write the file instead of printing"}},
         format},
        {"transform docs", "print the reference of the rule language", "", {}, {}, docs},
    };
}

}  // namespace spillway::daemon
