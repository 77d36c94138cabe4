#include "daemon/region_set.h"

#include <utility>

namespace spillway::daemon {

namespace {

constexpr std::chrono::seconds kPatientTimeout{30};
constexpr std::chrono::seconds kBriskTimeout{4};

Result<wire::Credentials> resolve(const CredentialsSpec& spec, const std::string& name) {
    const auto read = [&name](const SecretRef& secret, std::string_view what) {
        auto value = secret.resolve();
        if (value) return value;
        return Result<std::string>(
            std::move(value).error().while_doing("credentials." + name + "." + std::string(what)));
    };
    auto id = read(spec.access_key_id, "access_key_id");
    if (!id) return std::move(id).error();
    auto secret = read(spec.access_key_secret, "access_key_secret");
    if (!secret) return std::move(secret).error();
    wire::Credentials credentials{*std::move(id), *std::move(secret), ""};
    if (spec.security_token) {
        auto token = read(*spec.security_token, "security_token");
        if (!token) return std::move(token).error();
        credentials.security_token = *std::move(token);
    }
    return credentials;
}

Result<client::RegionClientOptions> client_options(const Topology& topology,
                                                   const RegionSpec& region) {
    client::RegionClientOptions options;
    options.name = region.name;
    options.endpoint = region.endpoint;
    options.sign.region = region.sls_region;
    if (region.credentials.empty()) return options;
    const auto& spec = topology.credentials.at(region.credentials);
    options.sign.version =
        spec.sign_version == "v4" ? wire::SignVersion::V4 : wire::SignVersion::V1;
    auto credentials = resolve(spec, region.credentials);
    if (!credentials) return std::move(credentials).error();
    options.credentials = *std::move(credentials);
    return options;
}

}  // namespace

Result<RegionSet> RegionSet::open(const Topology& topology) {
    RegionSet set;
    for (const auto& [name, spec] : topology.regions) {
        auto options = client_options(topology, spec);
        if (!options) return std::move(options).error();
        auto& clients = set.regions_[name];
        for (auto* client : {&clients.patient, &clients.brisk}) {
            const bool brisk = client == &clients.brisk;
            options->timeout = brisk ? kBriskTimeout : kPatientTimeout;
            options->connect_timeout = brisk ? kBriskTimeout / 2 : kPatientTimeout / 10;
            auto opened = client::RegionClient::open(*options, *set.clock_);
            if (!opened) return std::move(opened).error().while_doing("regions." + name.str());
            *client = *std::move(opened);
        }
    }
    return set;
}

const RegionSet::Clients& RegionSet::at(const RegionName& region) const {
    const auto found = regions_.find(region);
    SPILLWAY_INVARIANT(found != regions_.end(), "a region that the topology does not name");
    return found->second;
}

std::map<RegionName, RegionApi*> RegionSet::brisk_all() {
    std::map<RegionName, RegionApi*> all;
    for (const auto& [name, clients] : regions_) all[name] = clients.brisk.get();
    return all;
}

}  // namespace spillway::daemon
