#include "base/text.h"
#include "daemon/quickstart/verdict.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;

double seconds_of(milliseconds duration) {
    return static_cast<double>(duration.count()) / 1000.0;
}

std::string count_of(std::uint64_t count, std::string_view noun) {
    return human_count(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

json::object account_json(const FileAccount& account) {
    return {{"produced", {{"lines", account.lines_produced}, {"bytes", account.bytes_produced}}},
            {"arrived", {{"lines", account.lines_arrived}, {"bytes", account.bytes_arrived}}},
            {"missing", {{"lines", account.lines_missing}, {"bytes", account.bytes_missing}}},
            {"duplicated",
             {{"lines", account.lines_duplicated},
              {"extra_copies", account.copies_extra()},
              {"by_cause",
               {{"replicated_and_read_again", account.copies_both_paths},
                {"sent_again", account.copies_direct_again},
                {"replicated_again", account.copies_replicated_again}}}}},
            {"corrupted", {{"records", account.records_corrupted}}},
            {"order",
             {{"kept", account.order_kept()},
              {"records_out_of_order", account.records_out_of_order},
              {"records_read_again", account.records_read_again}}},
            {"late", {{"lines", account.lines_late}, {"bytes", account.bytes_late}}},
            {"tail", {{"lines", account.lines_tail}}},
            {"records", account.records}};
}

json::object window_json(const Window& window) {
    return {{"logs", window.lines},
            {"seconds", seconds_of(window.length())},
            {"from_seconds", seconds_of(window.from)},
            {"to_seconds", seconds_of(window.to)}};
}

json::object file_json(const FileVerdict& file) {
    json::object object = account_json(file.account);
    object["path"] = file.path;
    object["agent"] = file.id.source;
    object["inode"] = file.id.inode;
    object["lines_in_failed_region"] = file.lines_in_source;
    object["copied_twice_by_the_link"] = file.copies_by_the_link;
    json::array missing;
    for (const ByteRange& range : file.missing) {
        missing.push_back(json::array{range.begin, range.end});
    }
    object["missing_ranges"] = std::move(missing);
    return object;
}

json::object input_json(const InputVerdict& input) {
    json::object object = account_json(input.total());
    object["path"] = input.source;
    object["agent"] = input.agent;
    object["generations"] = input.generations;
    object["compared"] = {{"exact", input.comparison.exact()},
                          {"bytes_equal", input.comparison.bytes_equal},
                          {"bytes_different", input.comparison.bytes_different},
                          {"bytes_gone_from_the_input", input.comparison.bytes_gone},
                          {"bytes_added_after_feeding", input.comparison.bytes_not_fed}};
    json::array files;
    for (const FileVerdict& file : input.files) files.push_back(file_json(file));
    object["files"] = std::move(files);
    return object;
}

// "412 logs (exact)", "at most 500 logs", "unknown (hz does not answer)".
std::string measure_text(const json::value& report, std::string_view key, std::string_view unit) {
    const json::object* object = report.if_object();
    const json::object* measure = object == nullptr ? nullptr : find_object(*object, key);
    if (measure == nullptr) return "not reported";
    const std::string bound = find_string(*measure, "bound").value_or("unknown");
    const json::value* value = measure->if_contains("value");
    if (value == nullptr || !value->is_number()) {
        const std::string reason = find_string(*measure, "reason").value_or("");
        return "unknown" + (reason.empty() ? reason : " (" + reason + ")");
    }
    const auto number = value->to_number<double>();
    const std::string text =
        unit == "s" ? fmt::format("{:.1f} s", number)
                    : human_count(static_cast<std::uint64_t>(number)) + " " + std::string(unit);
    return (bound == "upper_bound" ? "at most " : "") + text + " (" + bound + ")";
}

class Page {
  public:
    void line(std::string_view label, const std::string& text) {
        text_ += fmt::format("  {:<18}{}\n", label, text);
    }
    void more(const std::string& text) { line("", text); }
    void plain(const std::string& text) { text_ += text + "\n"; }
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

void write_inputs(Page& page, const Verdict& verdict) {
    for (const InputVerdict& input : verdict.inputs) {
        const FileAccount total = input.total();
        std::string text = fmt::format(
            "{}: {}, {}", base_name(input.source), count_of(total.lines_produced, "line"),
            total.lines_missing == 0 ? "all there"
                                     : count_of(total.lines_missing, "line") + " MISSING");
        if (total.records_corrupted > 0) {
            text += ", " + count_of(total.records_corrupted, "record") + " CHANGED";
        }
        if (!total.order_kept()) {
            text += ", " + count_of(total.records_out_of_order, "record") + " out of order";
        }
        if (!input.comparison.exact()) text += ", NOT fed as it is";
        if (input.files.size() > 1) text += fmt::format(" (rotated, {} files)", input.files.size());
        if (input.generations > 1)
            text += fmt::format(", input changed {} times", input.generations - 1);
        page.more(text);
        for (const FileVerdict& file : input.files) {
            for (const ByteRange& range : file.missing) {
                page.more(fmt::format("    missing: {} bytes {} to {}", file.path, range.begin,
                                      range.end));
            }
        }
    }
}

void write_duplicates(Page& page, const Verdict& verdict) {
    const FileAccount& total = verdict.total;
    if (total.copies_extra() == 0) {
        page.line("stored twice", "nothing");
        return;
    }
    page.line("stored twice",
              fmt::format("{} (extra copies: {})", count_of(total.lines_duplicated, "line"),
                          human_count(total.copies_extra())));
    const auto cause = [&](std::uint64_t copies, const char* text) {
        if (copies > 0) page.more(fmt::format("{:>8} {}", human_count(copies), text));
    };
    cause(total.copies_both_paths, "copied by the link, and read again by the agents in sh");
    cause(total.copies_direct_again, "sent twice by an agent into sh");
    const std::uint64_t by_agents =
        total.copies_replicated_again -
        std::min(verdict.copies_by_the_link, total.copies_replicated_again);
    cause(by_agents, "sent twice by an agent into hz, and copied as they were");
    cause(verdict.copies_by_the_link, "copied twice by the link");
}

void write_windows(Page& page, const Verdict& verdict, const RunFacts& facts) {
    page.line(
        "loss window",
        verdict.late.lines == 0
            ? "none: every line was in sh before hz came back"
            : fmt::format("{} from {:.1f} s of production were out of reach while hz was down",
                          count_of(verdict.late.lines, "line"), seconds_of(verdict.late.length())));
    if (verdict.late.lines > 0) {
        page.more(fmt::format("{} hz had accepted and not passed on, {} agents still held for hz",
                              human_count(verdict.late_in_source),
                              human_count(verdict.late.lines - verdict.late_in_source)));
        page.more(verdict.total.lines_missing == 0 ? "healed: all of them are in sh now"
                                                   : "not healed: see what is missing");
    }
    if (verdict.total.lines_tail > 0) {
        page.line("tail of hz",
                  fmt::format("{} copied after its return, {} of them already in sh",
                              count_of(verdict.total.lines_tail, "line"),
                              human_count(verdict.total.lines_tail - verdict.late.lines)));
        page.more(fmt::format("{} hz held when it died, {} came to it later",
                              human_count(verdict.tail_in_source),
                              human_count(verdict.total.lines_tail - verdict.tail_in_source)));
    }
    page.more("the daemon's report: " + measure_text(facts.operation_report, "loss_logs", "logs") +
              ", " + measure_text(facts.operation_report, "loss_seconds", "s"));
    page.line("duplicate window", verdict.duplicated.lines == 0
                                      ? "none"
                                      : fmt::format("{} from {:.1f} s of production",
                                                    count_of(verdict.duplicated.lines, "line"),
                                                    seconds_of(verdict.duplicated.length())));
    page.more(
        "the daemon's report: " + measure_text(facts.operation_report, "duplicate_logs", "logs") +
        ", " + measure_text(facts.operation_report, "duplicate_seconds", "s"));
}

std::string headline(const Verdict& verdict) {
    if (verdict.holds()) return "Verdict: nothing is missing, nothing was changed.";
    std::string text = "Verdict: FAILED.";
    if (verdict.total.lines_missing > 0) {
        text += " " + count_of(verdict.total.lines_missing, "line") + " missing.";
    }
    if (verdict.total.records_corrupted > 0) {
        text += " " + count_of(verdict.total.records_corrupted, "record") + " changed.";
    }
    if (verdict.strangers > 0) {
        text += " " + count_of(verdict.strangers, "record") + " of files nobody fed.";
    }
    if (!verdict.fed_exactly()) text += " An input was not fed as it is.";
    return text;
}

}  // namespace

json::object verdict_json(const Verdict& verdict, const RunFacts& facts) {
    json::array inputs;
    for (const InputVerdict& input : verdict.inputs) inputs.push_back(input_json(input));
    json::array events;
    for (const auto& [at, text] : facts.events) {
        events.push_back(json::object{{"at_seconds", seconds_of(at)}, {"event", text}});
    }
    json::object report = account_json(verdict.total);
    report["schema"] = "spillway/v1/quickstart-report";
    report["holds"] = verdict.holds();
    report["settled"] = facts.settled.empty();
    report["still_waited_for"] = facts.settled;
    report["inputs_fed_exactly"] = verdict.fed_exactly();
    report["records_of_unknown_files"] = verdict.strangers;
    report["lines_in_failed_region"] = verdict.lines_in_source;
    report["copied_twice_by_the_link"] = verdict.copies_by_the_link;
    json::object loss = window_json(verdict.late);
    loss["held_by_failed_region"] = verdict.late_in_source;
    loss["held_by_agents"] = verdict.late.lines - verdict.late_in_source;
    loss["tail_held_by_failed_region"] = verdict.tail_in_source;
    report["windows"] = {{"loss", std::move(loss)}, {"duplicate", window_json(verdict.duplicated)}};
    report["healed"] = verdict.total.lines_missing == 0;
    report["operation_report"] = facts.operation_report;
    report["took_seconds"] = seconds_of(facts.took);
    report["failed_region_down_seconds"] = seconds_of(facts.source_down);
    report["detected_after_seconds"] = seconds_of(facts.detected_after);
    report["failed_over_after_seconds"] = seconds_of(facts.failed_over_after);
    report["processes_restarted"] = facts.restarts;
    report["inputs"] = std::move(inputs);
    report["events"] = std::move(events);
    return report;
}

std::string verdict_text(const Verdict& verdict, const RunFacts& facts) {
    const FileAccount& total = verdict.total;
    Page page;
    page.plain(headline(verdict));
    page.line(
        "produced",
        fmt::format("{}, {} in {}{}", count_of(total.lines_produced, "line"),
                    human_bytes(total.bytes_produced), count_of(verdict.inputs.size(), "file"),
                    verdict.fed_exactly() ? ", equal to the input byte for byte" : ""));
    page.line("arrived in sh", count_of(total.lines_arrived, "line"));
    write_inputs(page, verdict);
    page.line("missing", count_of(total.lines_missing, "line"));
    page.line("changed", count_of(total.records_corrupted, "record"));
    page.line("order", total.order_kept()
                           ? "kept in every file"
                           : count_of(total.records_out_of_order, "record") + " out of order");
    write_duplicates(page, verdict);
    write_windows(page, verdict, facts);
    page.line("times", fmt::format("hz was down {:.1f} s; seen after {:.1f} s; sh took over after "
                                   "{:.1f} s; all took {:.0f} s",
                                   seconds_of(facts.source_down), seconds_of(facts.detected_after),
                                   seconds_of(facts.failed_over_after), seconds_of(facts.took)));
    if (facts.restarts > 0) {
        page.line("restarted", count_of(static_cast<std::uint64_t>(facts.restarts), "time") +
                                   " a process that died unasked");
    }
    if (!facts.settled.empty()) page.line("not waited for", facts.settled);
    return page.take();
}

}  // namespace spillway::daemon::quickstart
