// quickstart: the story on one machine.

#include "daemon/quickstart/quickstart.h"

#include "daemon/admin_client.h"
#include "daemon/commands/commands.h"
#include "daemon/quickstart/child_process.h"
#include "daemon/signals.h"
#include "logstore/client/region_client.h"

#include <csignal>
#include <iostream>
#include <thread>

namespace spillway::daemon {

namespace {

using std::chrono::milliseconds;

/// A local region answers in milliseconds; one that was killed refuses at once.
constexpr milliseconds kRegionTimeout{10'000};

quickstart::QuickstartOptions options_of(const Arguments& arguments) {
    quickstart::QuickstartOptions options;
    options.files = arguments.all("file");
    options.data_dir = arguments.get("data");
    options.report = arguments.get("report");
    options.fast = arguments.has("fast");
    options.keep = arguments.has("keep");
    options.serve = arguments.has("serve");
    return options;
}

std::unique_ptr<RegionApi> connect(const std::string& endpoint, const Clock& clock,
                                   const std::stop_token& stop) {
    client::RegionClientOptions options;
    options.endpoint = endpoint;
    options.timeout = kRegionTimeout;
    options.stop = stop;
    auto client = client::RegionClient::open(std::move(options), clock);
    SPILLWAY_INVARIANT(client.has_value(), "our own endpoint is well formed");
    return *std::move(client);
}

quickstart::ScreenOptions screen_of(const Streams& streams) {
    return &streams.err == &std::cerr ? quickstart::screen_of_stderr()
                                      : quickstart::ScreenOptions{};
}

int run(const Arguments& arguments, Streams& streams) {
    // Blocked before the first thread starts, so that every thread inherits it.
    const SignalWaiter signals({SIGINT, SIGTERM, SIGHUP});
    const SystemClock clock;
    std::stop_source stop;
    const std::jthread listener([&](const std::stop_token& ended) {
        while (!ended.stop_requested()) {
            if (signals.wait_for(milliseconds{100})) stop.request_stop();
        }
    });
    const quickstart::StagePorts ports{
        quickstart::own_program(), clock,
        [&](const std::string& endpoint) { return connect(endpoint, clock, stop.get_token()); },
        [](const std::string& url, const std::string& path) { return AdminClient(url).get(path); },
        stop.get_token()};
    return quickstart::run_quickstart(options_of(arguments), ports, streams.out, streams.err,
                                      screen_of(streams));
}

constexpr std::string_view kDetails =
    "Starts two regions, a daemon and three agents as processes of their own, feeds the agents, "
    "kills\n"
    "the first region in mid-stream, fails over, brings the region back, and compares every byte "
    "that\n"
    "was fed with what the second region holds. Takes about a minute and asks nothing.\n"
    "Exit status 0 only when nothing is missing and nothing was changed.";

}  // namespace

std::vector<Command> quickstart_commands() {
    return {
        {"quickstart",
         "Watch a failover with your own logs: two regions on this machine, one dies",
         kDetails,
         {},
         {{"file", 0, "PATH",
           "log to feed; may be given again; else logs of this machine, or a sample", "", false,
           true},
          {"data", 0, "DIR", "new or empty folder for everything; else a temporary one", "", false,
           false},
          {"report", 0, "FILE", "write the verdict as JSON", "", false, false},
          {"fast", 0, "", "about 25 s instead of a minute", "", false, false},
          {"keep", 0, "", "leave the files", "", false, false},
          {"serve", 0, "", "leave everything running afterwards, until Ctrl-C", "", false, false}},
         run}};
}

}  // namespace spillway::daemon
