#include "daemon/quickstart/layout.h"

#include "base/json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace spillway::daemon::quickstart {

std::string Layout::agent_root(int agent) const {
    return root + "/agents/" + std::to_string(agent);
}

std::string Layout::child_log(const std::string& child) const {
    std::string name = child;
    std::replace(name.begin(), name.end(), ' ', '-');
    return root + "/logs/" + name + ".log";
}

std::string Layout::admin_url() const {
    return "http://127.0.0.1:" + std::to_string(admin_port);
}

std::string Layout::metrics_url() const {
    return "http://127.0.0.1:" + std::to_string(metrics_port) + "/metrics";
}

std::string Layout::agent_ip(int agent) {
    return "127.0.0." + std::to_string(10 + agent);
}

std::string Layout::agent_name(int agent) {
    return "web-" + std::to_string(agent);
}

ConfigName Layout::config_name(int agent) {
    return ConfigName("app-" + std::to_string(agent));
}

Layout make_layout(std::string root, const std::vector<std::uint16_t>& ports, Pace pace) {
    Layout layout;
    layout.root = std::move(root);
    layout.source = {"hz", ports.at(0), {ProjectName("demo-hz"), LogstoreName("app")}};
    layout.target = {"sh", ports.at(1), {ProjectName("demo-sh"), LogstoreName("app")}};
    layout.admin_port = ports.at(2);
    layout.metrics_port = ports.at(3);
    layout.pace = pace;
    return layout;
}

std::string topology_text(const Layout& layout) {
    std::string collectors;
    std::string names;
    for (int agent = 1; agent <= kAgentCount; ++agent) {
        const std::string name = Layout::agent_name(agent);
        collectors += fmt::format(
            "  - name: {0}\n"
            "    identity: {{type: userdefined, values: [{0}]}}\n"
            "    configs: [{1}]\n"
            "    groups: {{{2}: {0}, {3}: {0}}}\n",
            name, Layout::config_name(agent).str(), layout.source.name, layout.target.name);
        names += (names.empty() ? "" : ", ") + name;
    }
    return fmt::format(
        R"(# Written by `spillway quickstart`: two regions on this machine, one link, one pair.
# Run it by hand with `spillway run -c topology.yaml` while both regions serve.
version: 1
name: quickstart

regions:
  {a}: {{endpoint: "{a_endpoint}"}}
  {b}: {{endpoint: "{b_endpoint}"}}

logstores:
  app-{a}: {{region: {a}, project: {a_project}, logstore: {a_logstore}}}
  app-{b}: {{region: {b}, project: {b_project}, logstore: {b_logstore}}}

links:
  - name: {link}
    source: app-{a}
    target: app-{b}
    start_from: begin
    transform:
      language: dsl
      inline: |
        e_set("pipeline", "{a}-to-{b}")

# Three agents, each with a machine group and a collector config of its own.
collectors:
{collectors}
pairs:
  - name: {pair}
    active: {a}
    members: [{a}, {b}]
    links: [{link}]
    collectors: [{names}]
    switchover:
      mode: manual
      rpo_target: 5s
      rto_target: 30s
      cooldown: 1s
      drain_timeout: 20s
      verify_timeout: 30s
      quiescence: {quiescence_ms}ms   # a real pair waits minutes: agents may still hold data

# Short intervals, because a drill should not last. A real topology keeps the defaults.
probes:
  - {{name: {a}-write, region: {a}, kind: write, interval: {probe_ms}ms, timeout: {timeout_ms}ms}}
  - {{name: {b}-write, region: {b}, kind: write, interval: {probe_ms}ms, timeout: {timeout_ms}ms}}
detector: {{window: 6, fail_in_window: 4, no_success: 2s, hold: 1s, recover_ok: 3}}
backup: {{interval: 2s}}

state: {{path: "{root}/daemon/state.db"}}
listen: {{admin: "127.0.0.1:{admin}", metrics: "127.0.0.1:{metrics}"}}
log: {{format: logfmt, level: info}}
)",
        fmt::arg("a", layout.source.name), fmt::arg("b", layout.target.name),
        fmt::arg("a_endpoint", layout.source.endpoint()),
        fmt::arg("b_endpoint", layout.target.endpoint()),
        fmt::arg("a_project", layout.source.logstore.project.str()),
        fmt::arg("b_project", layout.target.logstore.project.str()),
        fmt::arg("a_logstore", layout.source.logstore.logstore.str()),
        fmt::arg("b_logstore", layout.target.logstore.logstore.str()), fmt::arg("link", kLink),
        fmt::arg("pair", kPair), fmt::arg("collectors", collectors), fmt::arg("names", names),
        fmt::arg("quiescence_ms", layout.pace.quiescence_ms),
        fmt::arg("probe_ms", layout.pace.probe_ms),
        fmt::arg("timeout_ms", layout.pace.probe_ms * 4 / 5), fmt::arg("root", layout.root),
        fmt::arg("admin", layout.admin_port), fmt::arg("metrics", layout.metrics_port));
}

std::string agent_text(const Layout& layout, int agent) {
    std::string regions;
    for (const RegionPlace* region : {&layout.source, &layout.target}) {
        regions += fmt::format("  - {{name: {}, endpoint: \"{}\", project: {}}}\n", region->name,
                               region->endpoint(), region->logstore.project.str());
    }
    return fmt::format(
        "# A collector on one machine. It asks every region which configs are bound to its "
        "machine\n"
        "# group, and follows them: this file does not change when the regions change roles.\n"
        "version: 1\n"
        "data: \"{}/data\"\n"
        "identity: {{user_defined_id: {}, ip: {}, hostname: {}}}\n"
        "regions:\n{}"
        "config_poll: 1s\n"
        "scan: 200ms\n"
        "linger: 200ms\n"
        "flush_timeout: 2s\n"
        "checkpoint_interval: 1s\n"
        "log: {{format: logfmt, level: info}}\n",
        layout.agent_root(agent), Layout::agent_name(agent), Layout::agent_ip(agent),
        Layout::agent_name(agent), regions);
}

CollectorConfig collector_config(const Layout& layout, int agent) {
    CollectorConfig config;
    config.name = Layout::config_name(agent);
    config.form = ConfigForm::Pipeline;
    const json::object input{
        {"Type", "input_file"},
        {"FilePaths", json::array{json::value(layout.agent_logs(agent) + "/*.log")}},
        {"MaxDirSearchDepth", 0},
        {"AppendingLogPositionMeta", true},
        {"TailSizeKB", 10'485'760}};  // files that are there before the agent count as well
    const json::object flusher{{"Type", "flusher_sls"},
                               {"Project", layout.source.logstore.project.str()},
                               {"Logstore", layout.source.logstore.logstore.str()},
                               {"Region", layout.source.name},
                               {"Endpoint", layout.source.endpoint()}};
    config.body = {{"configName", config.name.str()},
                   {"inputs", json::array{json::value(input)}},
                   {"flushers", json::array{json::value(flusher)}}};
    return config;
}

MachineGroup machine_group(int agent) {
    MachineGroup group;
    group.name = MachineGroupName(Layout::agent_name(agent));
    group.machines = {Layout::agent_name(agent)};
    return group;
}

std::vector<std::string> watched_names(const std::vector<std::string>& inputs) {
    std::vector<std::string> names;
    std::set<std::string> used;
    for (const std::string& input : inputs) {
        std::string stem =
            input.substr(input.rfind('/') == std::string::npos ? 0 : input.rfind('/') + 1);
        if (stem.ends_with(".log")) stem.resize(stem.size() - 4);
        if (stem.empty()) stem = "input";
        std::string name = stem + ".log";
        for (int n = 2; !used.insert(name).second; ++n) {
            name = stem + "-" + std::to_string(n) + ".log";
        }
        names.push_back(name);
    }
    return names;
}

}  // namespace spillway::daemon::quickstart
