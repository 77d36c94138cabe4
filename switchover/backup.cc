#include "switchover/backup.h"

#include "base/hash.h"
#include "base/text.h"
#include "switchover/codec.h"
#include "switchover/twin.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

std::string head_key(const RegionName& region, const ProjectName& project) {
    return "backup_head/" + region.str() + "/" + project.str();
}

std::string version_key(const RegionName& region, const ProjectName& project,
                        std::uint32_t number) {
    return fmt::format("backup/{}/{}/{:08}", region.str(), project.str(), number);
}

Status read_configs(RegionApi& region, const ProjectName& project, ConfigForm form,
                    BackupSnapshot& into) {
    auto names = region.configs(project, form);
    if (!names && names.error().code == ErrorCode::Unsupported) return {};
    if (!names) return std::move(names).error().while_doing("list configs");
    for (const auto& name : *names) {
        // One name space for both forms: a service that lists a config in both has told it already.
        const auto known = std::any_of(into.configs.begin(), into.configs.end(),
                                       [&](const auto& config) { return config.name == name; });
        if (known) continue;
        auto config = region.config(project, name, form);
        if (!config) return std::move(config).error().while_doing("read config " + name.str());
        into.configs.push_back(std::move(*config));
    }
    return {};
}

Status read_groups(RegionApi& region, const ProjectName& project, BackupSnapshot& into) {
    auto names = region.machine_groups(project);
    if (!names) return std::move(names).error().while_doing("list machine groups");
    for (const auto& name : *names) {
        auto group = region.machine_group(project, name);
        if (!group) return std::move(group).error().while_doing("read group " + name.str());
        auto bound = region.bound_configs(project, name);
        if (!bound) return std::move(bound).error().while_doing("read bindings of " + name.str());
        std::sort(bound->begin(), bound->end());
        into.groups.push_back(std::move(*group));
        into.bindings.push_back({name, std::move(*bound)});
    }
    return {};
}

Status read_logstores(RegionApi& region, const ProjectName& project, BackupSnapshot& into) {
    auto names = region.logstores(project);
    if (!names) return std::move(names).error().while_doing("list Logstores");
    for (const auto& name : *names) {
        auto info = region.logstore({project, name});
        if (!info) return std::move(info).error().while_doing("read Logstore " + name.str());
        into.logstores.push_back(std::move(*info));
    }
    return {};
}

void sort_all(BackupSnapshot& snapshot) {
    const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
    std::sort(snapshot.configs.begin(), snapshot.configs.end(), by_name);
    std::sort(snapshot.groups.begin(), snapshot.groups.end(), by_name);
    std::sort(snapshot.bindings.begin(), snapshot.bindings.end(),
              [](const auto& left, const auto& right) { return left.group < right.group; });
    std::sort(snapshot.logstores.begin(), snapshot.logstores.end(),
              [](const auto& left, const auto& right) { return left.ref < right.ref; });
}

void strip_times(json::object& body) {
    for (const auto* key : {"createTime", "lastModifyTime"}) body.erase(key);
}

/// Errors: Corrupt when the content is not what its digest says.
Result<BackupVersion> decode_checked(const std::string& text) {
    auto object = parse_json_object(text);
    if (!object) return make_error(ErrorCode::Corrupt, object.error().message);
    auto version = decode_version(*object);
    if (version && digest_of(version->snapshot) != version->digest) {
        return make_error(ErrorCode::Corrupt, "the backup does not match its digest");
    }
    return version;
}

std::string chain_after(const std::string& previous, const std::string& digest) {
    return to_hex(sha256(previous + digest));
}

}  // namespace

Result<BackupSnapshot> take_snapshot(RegionApi& region, const RegionName& name,
                                     const ProjectName& project) {
    BackupSnapshot snapshot;
    snapshot.region = name;
    snapshot.project = project;
    Status read = read_configs(region, project, ConfigForm::Pipeline, snapshot);
    if (read) read = read_configs(region, project, ConfigForm::Classic, snapshot);
    if (read) read = read_groups(region, project, snapshot);
    if (read) read = read_logstores(region, project, snapshot);
    if (!read) {
        return Error(read.error())
            .while_doing("back up project " + project.str() + " in " + name.str());
    }
    sort_all(snapshot);
    return snapshot;
}

std::string digest_of(const BackupSnapshot& snapshot) {
    auto encoded = encode(snapshot);
    for (auto& config : encoded.at("configs").as_array()) {
        strip_times(config.as_object().at("body").as_object());
    }
    return to_hex(sha256(canonical_json(encoded)));
}

std::optional<std::string> why_poisoned(const BackupSnapshot& last_good,
                                        const BackupSnapshot& taken, double shrink_max) {
    const auto before = last_good.configs.size();
    const auto after = taken.configs.size();
    if (before == 0 || after >= before) return std::nullopt;
    const double lost = static_cast<double>(before - after) / static_cast<double>(before);
    if (after > 0 && lost <= shrink_max) return std::nullopt;
    return fmt::format(
        "R14: the region lists {} configs where the last good backup has {}: kept the last good "
        "one",
        after, before);
}

Result<BackupHead> BackupKeeper::head(const RegionName& region, const ProjectName& project) {
    auto stored = store_.get(head_key(region, project));
    if (!stored) return std::move(stored).error();
    BackupHead head;
    head.region = region;
    head.project = project;
    if (!stored->has_value()) return head;
    auto object = parse_json_object((*stored)->value);
    if (!object) return std::move(object).error();
    return decode_head(*object);
}

Status BackupKeeper::save_head(const BackupHead& head, Revision seen) {
    const auto key = head_key(head.region, head.project);
    auto saved = store_.commit({{key, seen}}, {{key, json::serialize(encode(head))}});
    if (!saved) return std::move(saved).error();
    return {};
}

Status BackupKeeper::save(const BackupSnapshot& snapshot, const std::string& digest,
                          BackupHead& head, Revision head_seen) {
    std::string previous;
    if (head.number > 0) {
        auto last = latest(head.region, head.project);
        if (last) previous = last->chain;
    }
    BackupVersion version;
    version.id = digest.substr(0, 12);
    version.number = head.number + 1;
    version.taken_at = clock_.wall();
    version.digest = digest;
    version.chain = chain_after(previous, digest);
    version.snapshot = snapshot;
    head.number = version.number;
    head.id = version.id;
    const auto key = version_key(head.region, head.project, version.number);
    const auto top = head_key(head.region, head.project);
    auto saved = store_.commit(
        {{top, head_seen}, {key, 0}},
        {{key, json::serialize(encode(version))}, {top, json::serialize(encode(head))}});
    if (!saved) return std::move(saved).error();
    return {};
}

Result<BackupHead> BackupKeeper::run(RegionApi& api, const RegionName& region,
                                     const ProjectName& project, bool accept_shrink) {
    auto stored = store_.get(head_key(region, project));
    if (!stored) return std::move(stored).error();
    const Revision seen = stored->has_value() ? (*stored)->modified : 0;
    auto head_now = head(region, project);
    if (!head_now) return std::move(head_now).error();
    auto taken = take_snapshot(api, region, project);
    if (!taken) return std::move(taken).error();
    const auto digest = digest_of(*taken);
    BackupHead& next = *head_now;

    auto last = latest(region, project);
    if (!last && last.error().code != ErrorCode::NotFound &&
        last.error().code != ErrorCode::Corrupt) {
        return std::move(last).error();
    }
    if (last && !accept_shrink) {
        if (auto why = why_poisoned(last->snapshot, *taken, shrink_max_)) {
            next.refused = *why;
            next.refused_at = clock_.wall();
            if (auto saved = save_head(next, seen); !saved) return saved.error();
            events_.error("backup.refused", *why,
                          {{"region", region.str()}, {"project", project.str()}});
            return next;
        }
    }
    next.checked_at = clock_.wall();
    next.refused.clear();
    next.refused_at.reset();
    if (last && last->digest == digest) {
        if (auto saved = save_head(next, seen); !saved) return saved.error();
        return next;
    }
    if (auto saved = save(*taken, digest, next, seen); !saved) return saved.error();
    events_.info(
        "backup.taken",
        fmt::format("backup {} of {}/{}: {} configs, {} machine groups", next.id, region.str(),
                    project.str(), taken->configs.size(), taken->groups.size()),
        {{"region", region.str()}, {"project", project.str()}, {"number", next.number}});
    return next;
}

Result<std::vector<BackupVersion>> BackupKeeper::versions(
    const std::optional<RegionName>& region, const std::optional<ProjectName>& project) {
    std::string prefix = "backup/";
    if (region) prefix += region->str() + "/";
    auto stored = store_.list(prefix);
    if (!stored) return std::move(stored).error();
    std::vector<BackupVersion> versions;
    for (const auto& value : *stored) {
        auto version = decode_checked(value.value);
        if (!version) {
            events_.error("backup.damaged",
                          value.key + " does not match its digest: an older version is used",
                          {{"key", value.key}});
            continue;
        }
        if (project && version->snapshot.project != *project) continue;
        versions.push_back(std::move(*version));
    }
    std::sort(versions.begin(), versions.end(), [](const auto& left, const auto& right) {
        if (left.taken_at != right.taken_at) return left.taken_at > right.taken_at;
        return left.number > right.number;
    });
    return versions;
}

Result<BackupVersion> BackupKeeper::latest(const RegionName& region, const ProjectName& project) {
    auto top = head(region, project);
    if (top && top->number > 0) {
        auto stored = store_.get(version_key(region, project, top->number));
        if (!stored) return std::move(stored).error();
        if (stored->has_value()) {
            auto newest = decode_checked((*stored)->value);
            if (newest) return newest;
        }
    }
    auto all = versions(region, project);
    if (!all) return std::move(all).error();
    const auto newest = std::max_element(
        all->begin(), all->end(),
        [](const auto& left, const auto& right) { return left.number < right.number; });
    if (newest == all->end()) {
        return make_error(ErrorCode::NotFound, "there is no backup of project " + project.str() +
                                                   " in " + region.str() + " yet");
    }
    return std::move(*newest);
}

Result<BackupVersion> BackupKeeper::find(const std::string& id) {
    auto all = versions({}, {});
    if (!all) return std::move(all).error();
    BackupVersion* found = nullptr;
    for (auto& version : *all) {
        if (!version.id.starts_with(id) || id.empty()) continue;
        if (found != nullptr && found->id != version.id) {
            return make_error(ErrorCode::InvalidArgument,
                              "backup " + id + " names several; write more of the id");
        }
        if (found == nullptr) found = &version;
    }
    if (found == nullptr) return make_error(ErrorCode::NotFound, "no backup has the id " + id);
    return std::move(*found);
}

namespace {

Status restore_config(const ProjectName& project, const CollectorConfig& wanted, RegionApi& api,
                      std::vector<std::string>& said) {
    auto have = api.config(project, wanted.name, wanted.form);
    if (have && digest_of(*have) == digest_of(wanted)) return {};
    if (!have && have.error().code != ErrorCode::NotFound) return std::move(have).error();
    CollectorConfig clean = wanted;
    strip_times(clean.body);
    if (auto put = api.put_config(project, clean); !put) return put;
    said.push_back("config " + wanted.name.str() + (have ? " put back" : " created"));
    return {};
}

Status restore_group(const ProjectName& project, const MachineGroup& wanted, RegionApi& api,
                     std::vector<std::string>& said) {
    auto have = api.machine_group(project, wanted.name);
    if (have && have->machines == wanted.machines && have->identify_type == wanted.identify_type &&
        have->attribute == wanted.attribute) {
        return {};
    }
    if (!have && have.error().code != ErrorCode::NotFound) return std::move(have).error();
    if (auto put = api.put_machine_group(project, wanted); !put) return put;
    said.push_back("machine group " + wanted.name.str() + (have ? " put back" : " created"));
    return {};
}

Status restore_binding(const ProjectName& project, const GroupBinding& wanted, RegionApi& api,
                       std::vector<std::string>& said) {
    auto have = api.bound_configs(project, wanted.group);
    if (!have) return std::move(have).error();
    for (const auto& config : wanted.configs) {
        if (std::find(have->begin(), have->end(), config) != have->end()) continue;
        if (auto bound = api.bind(project, wanted.group, config); !bound) return bound;
        said.push_back("config " + config.str() + " bound to " + wanted.group.str());
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> BackupKeeper::restore(const BackupVersion& version,
                                                       RegionApi& api) {
    std::vector<std::string> said;
    const auto& snapshot = version.snapshot;
    Status done;
    for (const auto& config : snapshot.configs) {
        if (done) done = restore_config(snapshot.project, config, api, said);
    }
    for (const auto& group : snapshot.groups) {
        if (done) done = restore_group(snapshot.project, group, api, said);
    }
    for (const auto& binding : snapshot.bindings) {
        if (done) done = restore_binding(snapshot.project, binding, api, said);
    }
    if (!done) {
        return Error(done.error())
            .while_doing(fmt::format("restore backup {} ({} changes were made; repeat it)",
                                     version.id, said.size()));
    }
    events_.info("backup.restored",
                 fmt::format("backup {} restored: {} changes", version.id, said.size()),
                 {{"region", snapshot.region.str()}, {"project", snapshot.project.str()}});
    return said;
}

namespace {

/// Entries of two encoded arrays matched by the member `key`.
void diff_entries(const json::array& before, const json::array& after, std::string_view what,
                  std::string_view key, std::vector<std::string>& lines) {
    const auto find_in = [key](const json::array& array, const std::string& name) {
        const auto found = std::find_if(array.begin(), array.end(), [&](const auto& entry) {
            return find_string(entry.as_object(), key) == name;
        });
        return found == array.end() ? nullptr : &*found;
    };
    for (const auto& entry : before) {
        const auto name = find_string(entry.as_object(), key).value_or("");
        const auto* other = find_in(after, name);
        if (other == nullptr) {
            lines.push_back(fmt::format("{} {} is gone", what, name));
            continue;
        }
        for (const auto& path : differing_paths(entry, *other)) {
            lines.push_back(fmt::format("{} {} changed: {}", what, name, path));
        }
    }
    for (const auto& entry : after) {
        const auto name = find_string(entry.as_object(), key).value_or("");
        if (find_in(before, name) == nullptr) {
            lines.push_back(fmt::format("{} {} is new", what, name));
        }
    }
}

}  // namespace

std::vector<std::string> diff(const BackupSnapshot& before, const BackupSnapshot& after) {
    auto left = encode(before);
    auto right = encode(after);
    for (auto* side : {&left, &right}) {
        for (auto& config : side->at("configs").as_array()) {
            strip_times(config.as_object().at("body").as_object());
        }
    }
    std::vector<std::string> lines;
    for (const auto& [member, what, key] :
         {std::tuple{"configs", "config", "name"}, std::tuple{"groups", "machine group", "name"},
          std::tuple{"bindings", "binding of", "group"},
          std::tuple{"logstores", "Logstore", "logstore"}}) {
        diff_entries(left.at(member).as_array(), right.at(member).as_array(), what, key, lines);
    }
    return lines;
}

}  // namespace spillway::switchover
