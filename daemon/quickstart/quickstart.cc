#include "daemon/quickstart/quickstart.h"

#include "base/storage/durable_file.h"
#include "daemon/cli.h"
#include "daemon/quickstart/drill.h"
#include "daemon/quickstart/free_port.h"
#include "daemon/quickstart/inputs.h"
#include "daemon/quickstart/workspace.h"

#include <filesystem>

#include <fmt/format.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopGrace{3'000};

struct Timing {
    milliseconds feed;
    StoryLimits limits;
    Pace pace;
};

Timing timing_of(bool fast) {
    Timing timing{milliseconds{34'000}, {}, {}};
    if (fast) {
        timing.feed = milliseconds{10'000};
        timing.pace.probe_ms = 400;
    }
    return timing;
}

int say_error(const Error& error, std::ostream& err) {
    err << "error: " << error.to_string() << "\n";
    if (error.code == ErrorCode::Cancelled) return kExitInterrupted;
    return error.code == ErrorCode::Refused || error.code == ErrorCode::InvalidArgument
               ? kExitUsage
               : kExitFailed;
}

class Run {
  public:
    Run(const QuickstartOptions& options, StagePorts ports, std::ostream& out, std::ostream& err,
        ScreenOptions screen)
        : options_(options),
          ports_(std::move(ports)),
          out_(out),
          err_(err),
          screen_(err, screen),
          diary_(screen_, ports_.clock),
          timing_(timing_of(options.fast)) {}

    int run();

  private:
    Result<std::vector<std::string>> inputs(const std::string& folder);
    Result<FeedPlan> feed_plan(const Layout& layout);
    int run_in(Workspace& workspace);
    int play(Stage& stage, Feeder& feeder, Workspace& workspace);
    int conclude(Drill& drill, Stage& stage, Workspace& workspace);
    void serve(Stage& stage);
    void on_child(const ChildEvent& event);

    const QuickstartOptions& options_;
    StagePorts ports_;
    std::ostream& out_;
    std::ostream& err_;
    Screen screen_;
    Diary diary_;
    const Timing timing_;
};

int Run::run() {
    auto workspace = Workspace::open(options_.data_dir);
    if (!workspace) return say_error(workspace.error(), err_);
    if (options_.keep) workspace->keep();
    const int status = run_in(*workspace);
    screen_.clear();
    if (workspace->kept()) err_ << "everything is kept in " << workspace->path() << "\n";
    return status;
}

Result<std::vector<std::string>> Run::inputs(const std::string& folder) {
    if (!options_.files.empty()) return options_.files;
    auto found = choose_logs(find_logs({"/var/log", "/var/log/apt"}));
    if (!found.empty()) return found;
    return write_samples(folder);
}

// Dealt out like cards, so that each agent has something to read.
Result<FeedPlan> Run::feed_plan(const Layout& layout) {
    auto sources = inputs(layout.root + "/input");
    if (!sources) return std::move(sources).error();
    const std::vector<std::string> names = watched_names(*sources);
    FeedPlan plan;
    plan.period = timing_.feed;
    for (std::size_t i = 0; i < sources->size(); ++i) {
        const int agent = 1 + static_cast<int>(i % kAgentCount);
        plan.inputs.push_back({(*sources)[i], layout.agent_logs(agent) + "/" + names[i], agent});
    }
    return plan;
}

int Run::run_in(Workspace& workspace) {
    for (const std::string& file : options_.files) {
        if (auto opened = SourceFollower::open(file); !opened) {
            return say_error(std::move(opened).error().while_doing("--file"), err_);
        }
    }
    auto ports = choose_free_ports(4);
    if (!ports) return say_error(ports.error(), err_);
    Stage stage(make_layout(workspace.path(), *ports, timing_.pace), ports_,
                [this](const ChildEvent& event) { on_child(event); });
    diary_.say("two regions (hz, sh), a daemon and three agents start, in " + workspace.path());
    auto ready = stage.set_up();
    if (!ready) {
        stage.stop_all(kStopGrace);
        screen_.clear();
        if (ready.error().code != ErrorCode::Cancelled) workspace.keep();
        return say_error(ready.error(), err_);
    }
    auto plan = feed_plan(stage.layout());
    if (!plan) return say_error(plan.error(), err_);
    auto feeder = Feeder::open(*plan, ports_.clock);
    if (!feeder) return say_error(feeder.error(), err_);
    for (const FeedPlan::Input& input : plan->inputs) {
        diary_.say(
            fmt::format("input {} goes to agent {}", input.source, Layout::agent_name(input.agent)),
            Tone::Faint);
    }
    const int status = play(stage, **feeder, workspace);
    stage.stop_all(kStopGrace);
    return status;
}

int Run::play(Stage& stage, Feeder& feeder, Workspace& workspace) {
    diary_.say("input flows: agents -> hz -> link -> sh", Tone::Good);
    feeder.start();
    Drill drill(stage, feeder, diary_, timing_.limits);
    const Status told = drill.run();
    if (told) {
        diary_.say("reading both regions back and comparing with the input");
        return conclude(drill, stage, workspace);
    }
    stage.stop_all(
        kStopGrace);  // before the threads that ask the children something are waited for
    screen_.clear();
    if (told.error().code != ErrorCode::Cancelled) {
        workspace.keep();
        err_ << "the output of every process is in " << stage.layout().root << "/logs\n";
    }
    return say_error(told.error(), err_);
}

int Run::conclude(Drill& drill, Stage& stage, Workspace& workspace) {
    auto verdict = drill.judge();
    screen_.clear();
    if (!verdict) return say_error(verdict.error(), err_);
    const RunFacts facts = drill.facts();
    out_ << "\n" << verdict_text(*verdict, facts) << std::flush;
    if (!verdict->holds()) workspace.keep();
    if (!options_.report.empty()) {
        const std::string text = pretty_json(verdict_json(*verdict, facts)) + "\n";
        if (auto written = write_file_durably(options_.report, text); !written) {
            return say_error(written.error(), err_);
        }
        out_ << "  report            " << options_.report << "\n";
    }
    if (options_.serve) serve(stage);
    return verdict->holds() ? kExitDone : kExitFailed;
}

void Run::serve(Stage& stage) {
    const Layout& layout = stage.layout();
    out_ << fmt::format(
                "\nEverything still runs. In another terminal:\n"
                "  spillway status --server {0}\n"
                "  spillway switchover history {1} --server {0}\n"
                "  spillway logstore pull {2} --project {6} --endpoint {3}\n"
                "  curl {4}\n"
                "  less {5}\n"
                "Ctrl-C ends it.\n",
                layout.admin_url(), kPair, layout.target.logstore.logstore.str(),
                layout.target.endpoint(), layout.metrics_url(), layout.topology(),
                layout.target.logstore.project.str())
         << std::flush;
    (void)stage.wait_until("Ctrl-C", std::chrono::hours(24 * 365), [] { return false; });
}

void Run::on_child(const ChildEvent& event) {
    switch (event.kind) {
        case ChildEvent::Kind::Started:
            diary_.say(fmt::format("{} runs (pid {})", event.name, event.pid), Tone::Faint);
            return;
        case ChildEvent::Kind::Died:
            diary_.say(
                fmt::format("{} (pid {}) died unasked: {}", event.name, event.pid, event.reason),
                Tone::Bad);
            return;
        case ChildEvent::Kind::Restarted:
            diary_.say(fmt::format("{} was started again (pid {}), same port, same data",
                                   event.name, event.pid),
                       Tone::Strong);
            return;
        case ChildEvent::Kind::Failed:
            diary_.say(event.reason, Tone::Bad);
            return;
    }
}

}  // namespace

int run_quickstart(const QuickstartOptions& options, StagePorts ports, std::ostream& out,
                   std::ostream& err, ScreenOptions screen) {
    return Run(options, std::move(ports), out, err, screen).run();
}

}  // namespace spillway::daemon::quickstart
