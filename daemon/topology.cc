// Four passes over the file: fields (this file's read_* functions), references (check_references),
// rules (check_rules). Each adds findings; nothing stops at the first.

#include "daemon/topology.h"

#include "base/hash.h"
#include "base/storage/durable_file.h"
#include "base/text.h"
#include "transform/transform.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace spillway::daemon {

using std::chrono::milliseconds;

const LinkSpec* Topology::find_link(std::string_view link) const {
    const auto found = std::find_if(links.begin(), links.end(),
                                    [&](const LinkSpec& each) { return each.name == link; });
    return found == links.end() ? nullptr : &*found;
}

const CollectorSpec* Topology::find_collector(std::string_view collector) const {
    const auto found =
        std::find_if(collectors.begin(), collectors.end(),
                     [&](const CollectorSpec& each) { return each.name == collector; });
    return found == collectors.end() ? nullptr : &*found;
}

const PairSpec* Topology::find_pair(std::string_view pair) const {
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&](const PairSpec& each) { return each.name == pair; });
    return found == pairs.end() ? nullptr : &*found;
}

Result<HostPort> parse_host_port(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_uint(text.substr(colon + 1));
    if (!port || *port > 65535 || colon == 0) {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("\"{}\" is not HOST:PORT, such as 127.0.0.1:9470", text));
    }
    return HostPort{std::string(text.substr(0, colon)), static_cast<std::uint16_t>(*port)};
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

namespace {

/// The longest pause between two tries of an agent that cannot send.
constexpr std::chrono::milliseconds kAgentsRetryWithin{6'000};

void read_credentials(YamlMap& root, Topology& topology) {
    root.each_named("credentials", [&](const std::string& name, YamlMap& map) {
        CredentialsSpec spec;
        const auto id = map.secret("access_key_id");
        const auto secret = map.secret("access_key_secret");
        for (const auto key : {"access_key_id", "access_key_secret"}) {
            if (!map.has(key))
                map.complain(key, fmt::format("credentials.{}.{} is missing", name, key));
        }
        spec.access_key_id = id.value_or(SecretRef{});
        spec.access_key_secret = secret.value_or(SecretRef{});
        spec.security_token = map.secret("security_token");
        spec.sign_version = map.one_of("sign_version", {"v1", "v4"}, "v1");
        topology.credentials[name] = spec;
    });
}

void read_regions(YamlMap& root, Topology& topology) {
    if (!root.has("regions")) root.complain("regions", "regions is missing: name at least two");
    root.each_named("regions", [&](const std::string& name, YamlMap& map) {
        RegionSpec spec;
        spec.name = RegionName(name);
        spec.endpoint = map.required_text("endpoint");
        spec.sls_region = map.text_or("sls_region", "");
        spec.credentials = map.text_or("credentials", "");
        const bool http = spec.endpoint.rfind("http://", 0) == 0;
        if (!spec.endpoint.empty() && !http && spec.endpoint.rfind("https://", 0) != 0) {
            map.complain(
                "endpoint",
                fmt::format("regions.{}.endpoint must begin with https:// or http://", name));
        }
        while (!spec.endpoint.empty() && spec.endpoint.back() == '/') spec.endpoint.pop_back();
        topology.regions[spec.name] = spec;
    });
}

void read_logstores(YamlMap& root, Topology& topology) {
    root.each_named("logstores", [&](const std::string& name, YamlMap& map) {
        LogstoreSpec spec;
        spec.name = name;
        spec.region = RegionName(map.required_text("region"));
        spec.ref.project = ProjectName(map.required_text("project"));
        spec.ref.logstore = LogstoreName(map.required_text("logstore"));
        if (!spec.ref.project.empty()) {
            if (auto fine = check_project_name(spec.ref.project); !fine) {
                map.complain("project", fine.error().message);
            }
        }
        if (!spec.ref.logstore.empty()) {
            if (auto fine = check_logstore_name(spec.ref.logstore); !fine) {
                map.complain("logstore", fine.error().message);
            }
        }
        if (!topology.regions.contains(spec.region) && !spec.region.empty()) {
            map.complain("region", fmt::format("region \"{}\" is not declared under regions",
                                               spec.region.str()));
        }
        topology.logstores[name] = spec;
    });
}

/// begin, end, or an RFC 3339 time in UTC.
std::optional<CursorSeek> parse_start(std::string_view text) {
    if (text == "begin") return CursorSeek::begin();
    if (text == "end") return CursorSeek::end();
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    char zulu = 0;
    const std::string copy(text);
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%c", &year, &month, &day, &hour, &minute,
                    &second, &zulu) != 7 ||
        zulu != 'Z') {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{day}};
    if (!date.ok()) return std::nullopt;
    const auto at = std::chrono::sys_days{date} + std::chrono::hours{hour} +
                    std::chrono::minutes{minute} + std::chrono::seconds{second};
    return CursorSeek::at(unix_seconds(WallTime{at}));
}

void read_rule(YamlMap& map, LinkSpec& link, const std::string& folder) {
    auto transform = map.map("transform");
    if (!transform) return;
    transform->one_of("language", {"dsl"}, "dsl");
    const auto text = transform->text("inline");
    const auto file = transform->text("file");
    if (text.has_value() == file.has_value()) {
        transform->complain("inline", "transform wants either inline or file");
        return;
    }
    if (text) {
        link.rule = *text;
        link.rule_line = transform->place_of("inline").line;
        return;
    }
    link.rule_file = file->rfind('/', 0) == 0 ? *file : folder + *file;
    auto content = read_file(link.rule_file, 1024 * 1024);
    if (!content) {
        transform->complain("file", content.error().message);
        return;
    }
    link.rule = *std::move(content);
}

/// What a link does with what it cannot copy, and what it promises.
void read_link_policies(YamlMap& map, LinkSpec& link) {
    using namespace replicator;
    link.on_bad_record = *parse_on_bad_record(
        map.one_of("on_bad_record", {"dead_letter", "drop", "block"}, "dead_letter"));
    link.on_gap =
        *parse_on_gap(map.one_of("on_gap", {"skip_and_record", "stop"}, "skip_and_record"));
    link.delivery =
        *parse_delivery(map.one_of("delivery", {"exactly_once", "at_least_once"}, "exactly_once"));
    link.order = *parse_order(map.one_of("order", {"per_source", "per_shard"}, "per_source"));
    link.lanes = static_cast<std::uint32_t>(map.integer_or("lanes", link.lanes, 1, kLanesMax));
}

void read_retry(YamlMap& map, BackoffPolicy& retry) {
    auto below = map.map("retry");
    if (!below) return;
    retry.initial = below->duration_or("initial", retry.initial);
    retry.max = below->duration_or("max", retry.max);
    retry.multiplier = below->number_or("multiplier", retry.multiplier, 1.0, 10.0);
    retry.jitter = below->number_or("jitter", retry.jitter, 0.0, 1.0);
}

void read_link_limits(YamlMap& map, LinkSpec& link) {
    if (auto batch = map.map("batch")) {
        link.batch_bytes_max = batch->bytes_or("max_bytes", link.batch_bytes_max);
        link.batch_logs_max = static_cast<std::uint32_t>(
            batch->integer_or("max_logs", link.batch_logs_max, 1, 512'000));
        link.linger = batch->duration_or("linger", link.linger);
        using replicator::kBatchBytesMax, replicator::kBatchBytesMin;
        if (link.batch_bytes_max < kBatchBytesMin || link.batch_bytes_max > kBatchBytesMax) {
            batch->complain("max_bytes", "batch.max_bytes must be 1KiB to 8MiB");
        }
    }
    if (auto limits = map.map("limits")) {
        link.bytes_per_second = limits->bytes_or("bytes_per_second", 0);
    }
}

void read_links(YamlMap& root, Topology& topology, const std::string& folder) {
    std::set<std::string> names;
    root.each_item("links", [&](YamlMap& map) {
        LinkSpec link;
        link.name = map.required_text("name");
        if (!names.insert(link.name).second) {
            map.complain("name", fmt::format("link \"{}\" is declared twice", link.name));
        }
        link.source = map.required_text("source");
        link.target = map.required_text("target");
        for (const auto key : {"source", "target"}) {
            const std::string name = map.text_or(key, "");
            if (!name.empty() && !topology.logstores.contains(name)) {
                map.complain(key,
                             fmt::format("Logstore \"{}\" is not declared under logstores", name));
            }
        }
        if (!link.source.empty() && link.source == link.target) {
            map.complain("target",
                         fmt::format("link \"{}\" copies a Logstore onto itself", link.name));
        }
        const auto start = map.text_or("start_from", "begin");
        if (const auto seek = parse_start(start)) {
            link.start_from = *seek;
        } else {
            map.complain("start_from", fmt::format("\"{}\" is not begin, end, or a time such as "
                                                   "2025-10-10T08:00:00Z",
                                                   start));
        }
        read_link_limits(map, link);
        read_rule(map, link, folder);
        read_link_policies(map, link);
        read_retry(map, link.retry);
        topology.links.push_back(std::move(link));
    });
}

void read_collectors(YamlMap& root, Topology& topology) {
    root.each_item("collectors", [&](YamlMap& map) {
        CollectorSpec spec;
        spec.name = map.required_text("name");
        if (auto identity = map.map("identity")) {
            spec.identity_type = identity->one_of("type", {"userdefined", "ip"}, "userdefined");
            spec.identities = identity->texts("values");
        }
        for (auto& config : map.texts("configs")) spec.configs.emplace_back(std::move(config));
        for (auto& [region, group] : map.named_texts("groups")) {
            if (!topology.regions.contains(RegionName(region))) {
                map.complain("groups",
                             fmt::format("region \"{}\" is not declared under regions", region));
            }
            spec.groups[RegionName(region)] = MachineGroupName(group);
        }
        topology.collectors.push_back(std::move(spec));
    });
}

void read_switchover(YamlMap& map, SwitchoverSpec& spec) {
    auto below = map.map("switchover");
    if (!below) return;
    // Automatic and assisted modes need more than one vantage; until they exist here they are
    // refused.
    below->one_of("mode", {"manual"}, "manual");
    spec.rpo_target = below->duration_or("rpo_target", spec.rpo_target);
    spec.rto_target = below->duration_or("rto_target", spec.rto_target);
    spec.max_loss = below->duration_or("max_loss", spec.max_loss);
    spec.drain_timeout = below->duration_or("drain_timeout", spec.drain_timeout);
    spec.cooldown = below->duration_or("cooldown", spec.cooldown);
    spec.quiescence = below->duration_or("quiescence", spec.quiescence);
    if (spec.quiescence < kAgentsRetryWithin) {
        below->complain("quiescence",
                        "agents wait up to 5s between two tries: after a shorter quiet than that "
                        "the windows may be closed while logs still come; use minutes",
                        FindingSeverity::Warning);
    }
    spec.verify_timeout = below->duration_or("verify_timeout", spec.verify_timeout);
}

void check_pair(YamlMap& map, const PairSpec& pair, const Topology& topology) {
    for (const auto& member : pair.members) {
        if (!topology.regions.contains(member)) {
            map.complain("members",
                         fmt::format("region \"{}\" is not declared under regions", member.str()));
        }
    }
    if (pair.members.size() != 2 || pair.members[0] == pair.members[1]) {
        map.complain("members",
                     fmt::format("pair \"{}\" wants exactly two different regions", pair.name));
    }
    if (std::find(pair.members.begin(), pair.members.end(), pair.active) == pair.members.end()) {
        map.complain("active", fmt::format("active region \"{}\" is not one of the members",
                                           pair.active.str()));
    }
    for (const auto& link : pair.links) {
        if (topology.find_link(link) == nullptr) {
            map.complain("links", fmt::format("link \"{}\" is not declared under links", link));
        }
    }
    for (const auto& name : pair.collectors) {
        const auto* collector = topology.find_collector(name);
        if (collector == nullptr) {
            map.complain("collectors",
                         fmt::format("collector \"{}\" is not declared under collectors", name));
            continue;
        }
        for (const auto& member : pair.members) {
            if (!collector->groups.contains(member)) {
                map.complain("collectors",
                             fmt::format("collector \"{}\" names no machine group in region "
                                         "\"{}\"",
                                         name, member.str()));
            }
        }
    }
}

void read_pairs(YamlMap& root, Topology& topology) {
    std::set<std::string> names;
    root.each_item("pairs", [&](YamlMap& map) {
        PairSpec pair;
        pair.name = map.required_text("name");
        if (!names.insert(pair.name).second) {
            map.complain("name", fmt::format("pair \"{}\" is declared twice", pair.name));
        }
        pair.active = RegionName(map.required_text("active"));
        for (auto& member : map.texts("members")) pair.members.emplace_back(std::move(member));
        pair.links = map.texts("links");
        pair.collectors = map.texts("collectors");
        read_switchover(map, pair.switchover);
        check_pair(map, pair, topology);
        topology.pairs.push_back(std::move(pair));
    });
}

void read_probes(YamlMap& root, Topology& topology) {
    root.each_item("probes", [&](YamlMap& map) {
        ProbeSpec probe;
        probe.name = map.required_text("name");
        probe.region = RegionName(map.required_text("region"));
        map.one_of("kind", {"write"}, "write");
        probe.interval = map.duration_or("interval", probe.interval);
        probe.timeout = map.duration_or("timeout", probe.timeout);
        if (!probe.region.empty() && !topology.regions.contains(probe.region)) {
            map.complain("region", fmt::format("region \"{}\" is not declared under regions",
                                               probe.region.str()));
        }
        if (probe.timeout >= probe.interval) {
            map.complain("timeout", "a probe's timeout must be shorter than its interval");
        }
        topology.probes.push_back(std::move(probe));
    });
}

void read_detector(YamlMap& root, DetectorSpec& detector) {
    auto map = root.map("detector");
    if (!map) return;
    const auto count = [&](std::string_view key, std::uint32_t fallback) {
        return static_cast<std::uint32_t>(map->integer_or(key, fallback, 1, 100'000));
    };
    detector.window = count("window", detector.window);
    detector.fail_in_window = count("fail_in_window", detector.fail_in_window);
    detector.no_success = map->duration_or("no_success", detector.no_success);
    detector.hold = map->duration_or("hold", detector.hold);
    detector.recover_ok = count("recover_ok", detector.recover_ok);
    if (detector.fail_in_window > detector.window) {
        map->complain("fail_in_window", "detector.fail_in_window cannot exceed detector.window");
    }
}

void read_process(YamlMap& root, Topology& topology) {
    if (auto backup = root.map("backup")) {
        topology.backup.interval = backup->duration_or("interval", topology.backup.interval);
    }
    if (auto state = root.map("state")) {
        topology.state_path = state->required_text("path");
    }
    if (auto listen = root.map("listen")) {
        topology.listen.admin = listen->text_or("admin", topology.listen.admin);
        topology.listen.metrics = listen->text_or("metrics", topology.listen.metrics);
        for (const auto key : {"admin", "metrics"}) {
            const auto address = parse_host_port(listen->text_or(key, "127.0.0.1:0"));
            if (!address) {
                listen->complain(key, fmt::format("listen.{}: {}", key, address.error().message));
            } else if (!is_loopback(address->host)) {
                listen->complain(
                    key, fmt::format("listen.{}: {} is not a loopback address; put a proxy with "
                                     "TLS and authentication in front instead",
                                     key, address->host));
            }
        }
    }
    if (auto log = root.map("log")) {
        topology.log.format = parse_log_format(log->one_of("format", {"logfmt", "json"}, "logfmt"))
                                  .value_or(LogFormat::Logfmt);
        topology.log.level =
            parse_log_level(log->one_of("level", {"debug", "info", "warn", "error"}, "info"))
                .value_or(LogLevel::Info);
    }
}

void check_credentials(YamlMap& root, const Topology& topology) {
    for (const auto& [name, region] : topology.regions) {
        if (!region.credentials.empty() && !topology.credentials.contains(region.credentials)) {
            root.complain("regions",
                          fmt::format("regions.{}: credentials \"{}\" are not declared under "
                                      "credentials",
                                      name.str(), region.credentials));
        }
    }
}

/// A link there and one back would carry logs round for ever were it not for their provenance tags;
/// two links with the same ends would double every log.
void check_link_graph(YamlMap& root, const Topology& topology) {
    std::set<std::pair<std::string, std::string>> ends;
    for (const auto& link : topology.links) {
        if (!ends.insert({link.source, link.target}).second) {
            root.complain("links",
                          fmt::format("two links copy {} to {}: every log would arrive twice",
                                      link.source, link.target));
        }
    }
}

void check_rules(YamlDocument& document, const Topology& topology) {
    for (const auto& link : topology.links) {
        const auto compiled = transform::Program::compile(link.rule);
        for (const auto& diagnostic : compiled.diagnostics) {
            const bool fatal = diagnostic.severity == transform::Severity::Error;
            const std::string where =
                link.rule_file.empty()
                    ? fmt::format("rule line {}:{}", diagnostic.line, diagnostic.column)
                    : fmt::format("{}:{}:{}", link.rule_file, diagnostic.line, diagnostic.column);
            const YamlPlace place{link.rule_line == 0 ? 0 : link.rule_line + diagnostic.line, 1, 1};
            document.complain(
                place,
                fmt::format("link \"{}\", {}: {} [{}]{}", link.name, where, diagnostic.message,
                            diagnostic.code, diagnostic.help.empty() ? "" : "; " + diagnostic.help),
                fatal ? FindingSeverity::Error : FindingSeverity::Warning);
        }
    }
}

std::string folder_of(const std::string& file) {
    const auto slash = file.rfind('/');
    return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

LoadedTopology read_topology(YamlDocument document, const std::string& file) {
    LoadedTopology loaded;
    auto& topology = loaded.topology;
    {
        auto root = document.root();
        if (root.has("version")) {
            root.integer_or("version", 1, 1, 1);
        } else {
            root.complain("version", "version is missing: write \"version: 1\" at the top");
        }
        topology.name = root.text_or("name", "spillway");
        read_credentials(root, topology);
        read_regions(root, topology);
        check_credentials(root, topology);
        read_logstores(root, topology);
        read_links(root, topology, folder_of(file));
        check_link_graph(root, topology);
        read_collectors(root, topology);
        read_pairs(root, topology);
        read_probes(root, topology);
        read_detector(root, topology.detector);
        read_process(root, topology);
    }
    check_rules(document, topology);
    loaded.findings = document.findings();
    return loaded;
}

}  // namespace

LoadedTopology parse_topology(const std::string& text, const std::string& file) {
    auto loaded = read_topology(YamlDocument::parse(text, file), file);
    loaded.topology.digest = to_hex(sha256(text)).substr(0, 12);
    return loaded;
}

LoadedTopology load_topology(const std::string& path) {
    auto text = read_file(path, 4 * 1024 * 1024);
    if (text) return parse_topology(*text, path);
    LoadedTopology loaded;
    Finding finding;
    finding.file = path;
    finding.message = text.error().message;
    loaded.findings.push_back(std::move(finding));
    return loaded;
}

}  // namespace spillway::daemon
