// transform bench, docs and fmt.
#include "base/text.h"
#include "daemon/commands/transform_tools.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"
#include "transform/formatter.h"
#include "transform/reference.h"

#include <algorithm>
#include <fstream>
#include <numeric>

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
    double decompress_seconds = 0;
    double transform_seconds = 0;
    double compress_seconds = 0;
    double limit_seconds = 0;
    double chain_seconds() const {
        return decompress_seconds + transform_seconds + compress_seconds;
    }
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
    timing.decompress_seconds = seconds_since(begin, clock);
    begin = clock.mono();
    auto result = program.run_page(*page, context, scratch);
    if (!result) return std::move(result).error();
    timing.transform_seconds = seconds_since(begin, clock);
    begin = clock.mono();
    std::vector<std::string> packed_out;
    for (const auto& group : result->groups) {
        auto out = wire::compress(Codec::Lz4, group.bytes);
        if (!out) return std::move(out).error();
        packed_out.push_back(*std::move(out));
    }
    timing.compress_seconds = seconds_since(begin, clock);
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

/// Of `rounds`, one number each.
template <class Number>
double median_of(const std::vector<Timing>& rounds, Number number) {
    std::vector<double> values;
    for (const auto& each : rounds) values.push_back(number(each));
    return median(std::move(values));
}

/// Seconds that a rule takes for the page, alone.
double transform_seconds(const Program& program, const std::string& page, const Clock& clock) {
    constexpr int kRounds = 5;
    transform::Scratch scratch;
    std::vector<double> seconds;
    for (int i = 0; i < kRounds; ++i) {
        const auto begin = clock.mono();
        const auto result = program.run_page(page, {clock.wall()}, scratch);
        seconds.push_back(result ? seconds_since(begin, clock) : 0);
    }
    return median(std::move(seconds));
}

/// What each step adds to the time of those before it, in parts of the whole. Where a step makes
/// the rule leave a faster way (see explain), it bears that cost.
void print_steps(const std::string& rule, const std::string& page, const Clock& clock,
                 std::ostream& out) {
    constexpr std::size_t kStepsMax = 40;
    constexpr std::size_t kShownMax = 60;
    const auto steps = transform::steps_of_rule(rule);
    if (steps.size() < 2 || steps.size() > kStepsMax) return;
    std::vector<double> added;
    double before = 0;
    std::string prefix;
    for (const auto& step : steps) {
        prefix += step + "\n";
        const auto compiled = Program::compile(prefix);
        if (!compiled.program) return;
        const double now = transform_seconds(*compiled.program, page, clock);
        added.push_back(std::max(0.0, now - before));
        before = std::max(before, now);
    }
    const double all = std::max(1e-9, std::accumulate(added.begin(), added.end(), 0.0));
    out << "what each step adds\n";
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto line = steps[i].substr(0, steps[i].find('\n'));
        if (line.size() > kShownMax) line = line.substr(0, kShownMax) + "...";
        out << fmt::format("  {:3.0f} %  {}\n", 100 * added[i] / all, line);
    }
}

void print_rounds(const std::vector<Timing>& rounds, std::size_t page_bytes, std::string_view tier,
                  std::ostream& out) {
    const double megabytes = static_cast<double>(page_bytes) / 1e6;
    const auto chain = [](const Timing& each) { return each.chain_seconds(); };
    const auto part = [&](double Timing::*of) {
        return 100 * median_of(rounds, [&](const Timing& each) { return each.*of / chain(each); });
    };
    out << fmt::format(
        "tier                               {}\n"
        "page                               {} raw\n"
        "transform alone                    {:.0f} MB/s a core\n"
        "decompress + transform + compress  {:.0f} MB/s a core\n"
        "of decompress + compress alone     {:.2f}\n"
        "time                               decompress {:.0f} %, transform {:.0f} %, compress "
        "{:.0f} "
        "%\n",
        tier, human_bytes(page_bytes),
        megabytes / median_of(rounds, [](const Timing& each) { return each.transform_seconds; }),
        megabytes / median_of(rounds, chain),
        median_of(rounds, [&](const Timing& each) { return each.limit_seconds / chain(each); }),
        part(&Timing::decompress_seconds), part(&Timing::transform_seconds),
        part(&Timing::compress_seconds));
}

int bench(const Arguments& arguments, Streams& streams) {
    auto rule = read_rule_file(arguments.positional("RULE"), streams);
    if (!rule) return report_error(rule.error(), streams);
    const auto compiled = Program::compile(*rule);
    for (const auto& each : compiled.diagnostics) {
        streams.err << transform::render(each, *rule, arguments.positional("RULE"));
    }
    if (!compiled.program) return kExitFailed;
    const auto& program = *compiled.program;
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
    std::vector<Timing> rounds;
    for (int i = 0; i < kRounds; ++i) {
        auto timing = run_round(program, *packed, page.size(), scratch, clock);
        if (!timing) return report_error(timing.error(), streams);
        rounds.push_back(*timing);
    }
    print_rounds(rounds, page.size(), transform::name_of(program.tier()), streams.out);
    print_steps(*rule, page, clock, streams.out);
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
