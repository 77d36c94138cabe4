// The controller as the admin API and `-o json` show it: values to JSON, and one function that
// answers a request. The daemon's HTTP side only adds the transport and who asked. Any thread.
#pragma once

#include "base/json.h"
#include "switchover/switchover.h"

#include <string>
#include <string_view>
#include <vector>

namespace spillway::switchover {

json::object to_json(const RegionHealth& health);
json::object to_json(const PairStatus& pair);
json::object to_json(const BackupHead& head);
json::object to_json(const Snapshot& snapshot);
json::object to_json(const Plan& plan);
json::object to_json(const Operation& operation);
json::object to_json(const Obligation& obligation);
json::object to_json(const AuditResult& audit);
json::object to_json(const Report& report);
/// `with_bodies`: configs, groups and bindings too; else names and counts.
json::object to_json(const BackupVersion& version, bool with_bodies);

/// The report as an incident review can paste it.
std::string report_text(const json::object& report);
std::string region_text(const json::object& region);
std::string plan_text(const json::object& plan);
std::string operation_text(const json::object& operation);

/// {"to":"sh","kind":"failover","reason":..,"accept_loss_ms":..,"max_loss_ms":..,"plan_digest":..,
/// "force":..,...}. Errors: InvalidArgument, naming the member.
Result<OperationRequest> request_from_json(const PairName& pair, const json::object& body);

struct ApiRequest {
    std::string_view method;        ///< "POST"
    std::vector<std::string> path;  ///< {"pairs","app","plan"}: decoded, behind /api/v1
    std::map<std::string, std::string> query;
    json::object body;
    std::string who;  ///< goes into the journal
};

/// Answers everything below /api/v1 that is the controller's:
///   GET  status                        POST pairs/{pair}/plan
///   POST pairs/{pair}/operations       GET  pairs/{pair}/operations
///   GET  operations/{id}               GET  operations/{id}/report
///   POST operations/{id}/resume|abort
///   GET  regions/{region}              GET  audit?pair=
///   GET  backups?region=&project=      POST backups {"region"?,"accept_shrink"?}
///   GET  backups/{version}             POST backups/{version}/restore
/// Errors: NotFound with service_code "NoSuchRoute" when the path is not one of these.
Result<json::value> handle(Controller& controller, const ApiRequest& request);

}  // namespace spillway::switchover
