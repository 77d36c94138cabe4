// Opening a client; projects and Logstores.
#include "logstore/client/region_client_impl.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>

namespace spillway::client {

namespace {

Ask project_ask(std::string_view action, const ProjectName& name, std::string_view method = "GET") {
    return {.action = action, .subject = name.str(), .method = method, .project = name};
}

Ask logstore_ask(std::string_view action, const LogstoreRef& ref, std::string_view method = "GET") {
    return {.action = action,
            .subject = ref.to_string(),
            .method = method,
            .project = ref.project,
            .path = {"logstores", ref.logstore.str()}};
}

}  // namespace

RegionClient::RegionClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegionClient::~RegionClient() = default;

Result<std::unique_ptr<RegionClient>> RegionClient::open(RegionClientOptions options,
                                                         const Clock& clock) {
    auto endpoint = Endpoint::parse(options.endpoint);
    if (!endpoint) return std::move(endpoint).error();
    if (options.credentials && options.sign.version == wire::SignVersion::V4 &&
        options.sign.region.empty()) {
        return make_error(ErrorCode::InvalidArgument,
                          "signature v4 needs the service's region id, such as cn-hangzhou");
    }
    return std::unique_ptr<RegionClient>(
        new RegionClient(std::make_unique<Impl>(std::move(options), *std::move(endpoint), clock)));
}

const RegionName& RegionClient::name() const {
    return impl_->requests.options().name;
}

std::string RegionClient::endpoint() const {
    return impl_->requests.endpoint().url();
}

Status RegionClient::create_project(const ProjectInfo& project) {
    return impl_->requests.send_only(with_json(
        project_ask("create project in", project.name, "POST"),
        json::object{{"projectName", project.name.str()}, {"description", project.description}}));
}

Result<ProjectInfo> RegionClient::project(const ProjectName& name) {
    const Ask ask = project_ask("get project from", name);
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_project(*object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<std::vector<ProjectInfo>> RegionClient::projects() {
    const Ask ask{.action = "list projects of"};
    const auto items = impl_->requests.list_all(ask, "projects");
    if (!items) return items.error();
    std::vector<ProjectInfo> out;
    for (const auto& item : *items) {
        const auto* object = item.if_object();
        auto parsed = wire::parse_project(object != nullptr ? *object : json::object());
        if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
        out.push_back(*std::move(parsed));
    }
    std::sort(out.begin(), out.end(),
              [](const auto& left, const auto& right) { return left.name < right.name; });
    return out;
}

Status RegionClient::delete_project(const ProjectName& name) {
    return impl_->requests.send_only(project_ask("delete project of", name, "DELETE"));
}

Status RegionClient::create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    Ask ask = logstore_ask("create Logstore in", ref, "POST");
    ask.path = {"logstores"};
    return impl_->requests.send_only(
        with_json(std::move(ask), wire::logstore_settings_json(ref.logstore, settings)));
}

Status RegionClient::update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    return impl_->requests.send_only(
        with_json(logstore_ask("update Logstore of", ref, "PUT"),
                  wire::logstore_settings_json(ref.logstore, settings)));
}

Result<LogstoreInfo> RegionClient::logstore(const LogstoreRef& ref) {
    const Ask ask = logstore_ask("get Logstore from", ref);
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_logstore(ref.project, *object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Result<std::vector<LogstoreName>> RegionClient::logstores(const ProjectName& project) {
    Ask ask = project_ask("list Logstores of", project);
    ask.path = {"logstores"};
    return as_names<LogstoreName>(impl_->requests.list_names(ask, "logstores"));
}

Status RegionClient::delete_logstore(const LogstoreRef& ref) {
    return impl_->requests.send_only(logstore_ask("delete Logstore of", ref, "DELETE"));
}

}  // namespace spillway::client
