#include "daemon/preflight.h"

#include "daemon/region_set.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

class Preflight {
  public:
    Preflight(const Topology& topology, const std::string& file)
        : topology_(topology), file_(file) {}

    std::vector<Finding> run() {
        check_state_folder();
        auto regions = RegionSet::open(topology_);
        if (!regions) {
            add(FindingSeverity::Error, regions.error().to_string());
            return findings_;
        }
        for (const auto& [name, logstore] : topology_.logstores) check_logstore(*regions, logstore);
        for (const auto& collector : topology_.collectors) check_collector(*regions, collector);
        return findings_;
    }

  private:
    void add(FindingSeverity severity, std::string message) {
        Finding finding;
        finding.severity = severity;
        finding.file = file_;
        finding.message = std::move(message);
        findings_.push_back(std::move(finding));
    }

    /// The nearest folder that exists must let us write.
    void check_state_folder() {
        std::string folder = topology_.state_path;
        struct stat found {};
        do {
            const auto slash = folder.rfind('/');
            folder = slash == std::string::npos ? "." : slash == 0 ? "/" : folder.substr(0, slash);
        } while (::stat(folder.c_str(), &found) != 0 && folder != "." && folder != "/");
        if (::access(folder.c_str(), W_OK) != 0) {
            add(FindingSeverity::Error,
                fmt::format("state.path {}: {} cannot be written by this user",
                            topology_.state_path, folder));
        }
    }

    void check_logstore(RegionSet& regions, const LogstoreSpec& logstore) {
        auto info = regions.brisk(logstore.region).logstore(logstore.ref);
        if (info) return;
        const auto& error = info.error();
        std::string what_now;
        if (error.code == ErrorCode::NotFound) {
            what_now = fmt::format(
                "; create it: spillway logstore create {} --endpoint {} --project {}",
                logstore.ref.logstore.str(), topology_.regions.at(logstore.region).endpoint,
                logstore.ref.project.str());
        } else if (error.code == ErrorCode::Unavailable) {
            what_now = "; is the endpoint right, and the region up?";
        } else if (error.code == ErrorCode::Unauthenticated) {
            what_now = "; check the key pair and its grants";
        }
        add(FindingSeverity::Error,
            fmt::format("logstores.{}: {}{}", logstore.name, error.to_string(), what_now));
    }

    /// A standby region has no config of the collector before the first switch, so only groups are
    /// asked for.
    void check_collector(RegionSet& regions, const CollectorSpec& collector) {
        for (const auto& [region, group] : collector.groups) {
            const auto* project = project_in(region);
            if (project == nullptr) continue;
            auto found = regions.brisk(region).machine_group(*project, group);
            if (!found && found.error().code == ErrorCode::NotFound) {
                add(FindingSeverity::Warning,
                    fmt::format(
                        "collectors.{}: machine group {} does not exist in region {} yet; a switch "
                        "makes it",
                        collector.name, group.str(), region.str()));
            }
        }
    }

    const ProjectName* project_in(const RegionName& region) const {
        for (const auto& [name, logstore] : topology_.logstores) {
            if (logstore.region == region) return &logstore.ref.project;
        }
        return nullptr;
    }

    const Topology& topology_;
    const std::string& file_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_environment(const Topology& topology, const std::string& file) {
    return Preflight(topology, file).run();
}

}  // namespace spillway::daemon
