// The topology: what the operator declared in one YAML file. Values; any thread.
// Read in layers: syntax, fields, references, rules. The environment is checked by
// daemon/preflight.h.
#pragma once

#include "base/backoff.h"
#include "base/event_log.h"
#include "daemon/yaml_document.h"
#include "logstore/model/logstore.h"
#include "replicator/replicator.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway::daemon {

struct CredentialsSpec {
    SecretRef access_key_id;
    SecretRef access_key_secret;
    std::optional<SecretRef> security_token;
    std::string sign_version = "v1";
    bool operator==(const CredentialsSpec&) const = default;
};

struct RegionSpec {
    RegionName name;
    std::string endpoint;
    std::string sls_region;   ///< scope of v4 signatures
    std::string credentials;  ///< name in Topology::credentials; empty: unsigned
    bool operator==(const RegionSpec&) const = default;
};

struct LogstoreSpec {
    std::string name;
    RegionName region;
    LogstoreRef ref;
    bool operator==(const LogstoreSpec&) const = default;
};

struct LinkSpec {
    std::string name;
    std::string source;  ///< name in Topology::logstores
    std::string target;
    CursorSeek start_from = CursorSeek::begin();
    std::uint64_t batch_bytes_max = 4 * 1024 * 1024;
    std::uint32_t batch_logs_max = 4096;
    std::chrono::milliseconds linger{200};
    std::uint64_t bytes_per_second = 0;  ///< 0: no limit
    std::string rule;                    ///< empty: copy unchanged
    std::string rule_file;               ///< where it came from, for messages
    std::uint32_t rule_line = 0;         ///< of the rule's first line in the topology file
    replicator::OnBadRecord on_bad_record = replicator::OnBadRecord::DeadLetter;
    replicator::OnGap on_gap = replicator::OnGap::SkipAndRecord;
    replicator::Delivery delivery = replicator::Delivery::ExactlyOnce;
    replicator::Order order = replicator::Order::PerSource;
    std::uint32_t lanes = 4;  ///< writes in flight for each shard; 1 with Order::PerShard
    BackoffPolicy retry;
};

struct CollectorSpec {
    std::string name;
    std::string identity_type = "userdefined";
    std::vector<std::string> identities;
    std::vector<ConfigName> configs;
    std::map<RegionName, MachineGroupName> groups;
};

struct SwitchoverSpec {
    std::chrono::milliseconds rpo_target{5'000};
    std::chrono::milliseconds rto_target{60'000};
    std::chrono::milliseconds max_loss{0};
    std::chrono::milliseconds drain_timeout{45'000};
    std::chrono::milliseconds cooldown{3'600'000};
    std::chrono::milliseconds quiescence{600'000};
    std::chrono::milliseconds verify_timeout{300'000};
};

struct PairSpec {
    std::string name;
    RegionName active;
    std::vector<RegionName> members;
    std::vector<std::string> links;
    std::vector<std::string> collectors;
    SwitchoverSpec switchover;
};

struct ProbeSpec {
    std::string name;
    RegionName region;
    std::chrono::milliseconds interval{5'000};
    std::chrono::milliseconds timeout{4'000};
};

struct DetectorSpec {
    std::uint32_t window = 12;
    std::uint32_t fail_in_window = 10;
    std::chrono::milliseconds no_success{60'000};
    std::chrono::milliseconds hold{60'000};
    std::uint32_t recover_ok = 60;
};

struct BackupSpec {
    std::chrono::milliseconds interval{60'000};
};

struct ListenSpec {
    std::string admin = "127.0.0.1:9470";
    std::string metrics = "127.0.0.1:9464";
};

struct Topology {
    std::string name;
    std::map<RegionName, RegionSpec> regions;
    std::map<std::string, CredentialsSpec> credentials;
    std::map<std::string, LogstoreSpec> logstores;
    std::vector<LinkSpec> links;
    std::vector<CollectorSpec> collectors;
    std::vector<PairSpec> pairs;
    std::vector<ProbeSpec> probes;
    DetectorSpec detector;
    BackupSpec backup;
    std::string state_path = "spillway-state/state.db";
    ListenSpec listen;
    EventLogOptions log;
    std::string digest;  ///< of the file's bytes: which topology is running

    const LinkSpec* find_link(std::string_view link) const;
    const CollectorSpec* find_collector(std::string_view collector) const;
    const PairSpec* find_pair(std::string_view pair) const;
};

struct LoadedTopology {
    Topology topology;  ///< to be used only when no finding is an error
    std::vector<Finding> findings;
};

LoadedTopology load_topology(const std::string& path);
LoadedTopology parse_topology(const std::string& text, const std::string& file);

/// "127.0.0.1:9470" taken apart. Errors: InvalidArgument.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);
bool is_loopback(std::string_view host);

}  // namespace spillway::daemon
