#include "daemon/agent_file.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

using std::chrono::milliseconds;

void read_identity(YamlMap& root, AgentFile& file) {
    auto map = root.map("identity");
    if (!map) {
        root.complain("identity",
                      "identity is missing: user_defined_id, ip and hostname say which "
                      "machine groups this agent belongs to");
        return;
    }
    file.options.identity.user_defined_id = map->text_or("user_defined_id", "");
    file.options.identity.ip = map->required_text("ip");
    file.options.identity.hostname = map->text_or("hostname", file.options.identity.ip);
}

bool is_url(const std::string& text) {
    return text.rfind("http://", 0) == 0 || text.rfind("https://", 0) == 0;
}

AgentRegionSpec read_region(YamlMap& map) {
    AgentRegionSpec spec;
    spec.name = RegionName(map.required_text("name"));
    spec.endpoint = map.required_text("endpoint");
    spec.project = ProjectName(map.required_text("project"));
    spec.sls_region = map.text_or("sls_region", "");
    spec.credentials = map.text_or("credentials", "");
    if (!spec.endpoint.empty() && !is_url(spec.endpoint)) {
        map.complain("endpoint", fmt::format("endpoint \"{}\" must begin with https:// or http://",
                                             spec.endpoint));
    }
    if (!spec.project.empty()) {
        if (auto fine = check_project_name(spec.project); !fine) {
            map.complain("project", fine.error().message);
        }
    }
    return spec;
}

void read_regions(YamlMap& root, AgentFile& file) {
    std::set<std::string> names;
    std::set<std::string> projects;
    root.each_item("regions", [&](YamlMap& map) {
        AgentRegionSpec spec = read_region(map);
        if (!names.insert(spec.name.str()).second) {
            map.complain("name", fmt::format("region \"{}\" is declared twice", spec.name.str()));
        }
        if (!projects.insert(spec.project.str()).second && !spec.project.empty()) {
            map.complain(
                "project",
                fmt::format("project \"{}\" stands in two regions: checkpoints are kept by "
                            "project and config, so they could not be told apart",
                            spec.project.str()));
        }
        if (!spec.credentials.empty() && !file.credentials.contains(spec.credentials)) {
            map.complain("credentials",
                         fmt::format("credentials \"{}\" are not declared under credentials",
                                     spec.credentials));
        }
        file.regions.push_back(std::move(spec));
    });
    if (file.regions.empty()) {
        root.complain("regions", "regions is missing: name at least one region to ask for configs");
    }
}

void read_credentials(YamlMap& root, AgentFile& file) {
    root.each_named("credentials", [&](const std::string& name, YamlMap& map) {
        CredentialsSpec spec;
        for (const auto key : {"access_key_id", "access_key_secret"}) {
            if (!map.has(key)) {
                map.complain(key, fmt::format("credentials.{}.{} is missing", name, key));
            }
        }
        spec.access_key_id = map.secret("access_key_id").value_or(SecretRef{});
        spec.access_key_secret = map.secret("access_key_secret").value_or(SecretRef{});
        spec.security_token = map.secret("security_token");
        spec.sign_version = map.one_of("sign_version", {"v1", "v4"}, "v1");
        file.credentials[name] = spec;
    });
}

void read_interval(YamlMap& root, std::string_view key, milliseconds& interval,
                   milliseconds least) {
    interval = root.duration_or(key, interval);
    if (interval < least) {
        root.complain(key, fmt::format("{} must be at least {} ms", key, least.count()));
    }
}

void read_intervals(YamlMap& root, agent::AgentOptions& options) {
    read_interval(root, "config_poll", options.config_poll, milliseconds(100));
    read_interval(root, "scan", options.scan, milliseconds(10));
    read_interval(root, "linger", options.linger, milliseconds(0));
    read_interval(root, "flush_timeout", options.flush_timeout, milliseconds(100));
    read_interval(root, "checkpoint_interval", options.checkpoint_interval, milliseconds(100));
}

void read_log(YamlMap& root, EventLogOptions& log) {
    auto map = root.map("log");
    if (!map) return;
    const auto format = map->one_of("format", {"logfmt", "json"}, "logfmt");
    log.format = format == "json" ? LogFormat::Json : LogFormat::Logfmt;
    const auto level = map->one_of("level", {"debug", "info", "warn", "error"}, "info");
    log.level = parse_log_level(level).value_or(LogLevel::Info);
}

}  // namespace

AgentFileReading read_agent_file(YamlDocument document) {
    AgentFileReading reading;
    // Without a file, or without YAML in it, there is nothing to find fault with key by key.
    reading.findings = document.findings();
    if (has_errors(reading.findings)) return reading;
    {
        YamlMap root = document.root();
        if (root.integer_or("version", 0, 0, 1'000'000) != 1) {
            root.complain("version", "version must be 1");
        }
        reading.file.options.data_dir = root.required_text("data");
        read_identity(root, reading.file);
        read_credentials(root, reading.file);
        read_regions(root, reading.file);
        read_intervals(root, reading.file.options);
        read_log(root, reading.file.log);
    }
    reading.findings = document.findings();
    return reading;
}

}  // namespace spillway::daemon
