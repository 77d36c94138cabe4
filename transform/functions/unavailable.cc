// What SLS knows and cannot be had here: each says why, instead of "unknown function".
#include "transform/registry.h"

namespace spillway::transform {

namespace {

constexpr auto kNone = FunctionTier::Unavailable;
constexpr std::string_view kGeo = "it needs a GeoIP database, which does not come with Spillway";
constexpr std::string_view kAgents = "it needs a database of user agents";
constexpr std::string_view kTables =
    "a rule reads no external systems, so that a page can be replayed";
constexpr std::string_view kThreats = "it asks an external service of the vendor";

constexpr FunctionEntry entry(std::string_view signature, std::string_view summary,
                              std::string_view why) {
    return {signature, kNone, summary, {}, nullptr, nullptr, nullptr, true, why};
}

constexpr FunctionEntry kFunctions[] = {
    entry("geo_parse(ip, ip_db, keep_fields=null, provider=null, ip_sep=null)",
          "Place of an IP address.", kGeo),
    entry("res_rds_mysql(address)", "A table from MySQL.", kTables),
    entry("res_log_logstore_pull(endpoint)", "A table from a Logstore.", kTables),
    entry("res_oss_file(endpoint)", "A file from object storage.", kTables),
    entry("ua_parse_device(value)", "The device of a user agent.", kAgents),
    entry("ua_parse_os(value)", "The system of a user agent.", kAgents),
    entry("ua_parse_agent(value)", "The browser of a user agent.", kAgents),
    entry("ua_parse_all(value)", "All about a user agent.", kAgents),
    entry("e_threat_intelligence(category, field, output_field=null)", "Threat intelligence.",
          kThreats),
};

}  // namespace

std::span<const FunctionEntry> unavailable_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
