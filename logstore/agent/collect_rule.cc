#include "logstore/agent/collect_rule.h"

#include "base/json.h"

#include <algorithm>
#include <cstdlib>

#include <regex.h>

namespace spillway::agent {
namespace {

constexpr std::string_view kCustomTopicPrefix = "customized://";

Error bad_config(const CollectorConfig& config, std::string_view what) {
    return make_error(ErrorCode::InvalidArgument,
                      "config " + config.name.str() + ": " + std::string(what));
}

/// The service's JSON has both numbers and numbers in quotes.
std::int64_t int_or(const json::object& object, std::string_view key, std::int64_t fallback) {
    if (const auto number = find_int(object, key)) return *number;
    const auto text = find_string(object, key);
    if (!text || text->empty()) return fallback;
    char* end = nullptr;
    const long long parsed = std::strtoll(text->c_str(), &end, 10);
    return *end == '\0' ? parsed : fallback;
}

const json::object* first_object(const json::object& object, std::string_view key) {
    const json::array* array = find_array(object, key);
    if (array == nullptr || array->empty()) return nullptr;
    return array->front().if_object();
}

TopicRule custom_topic(std::string_view text) {
    if (text.starts_with(kCustomTopicPrefix)) text.remove_prefix(kCustomTopicPrefix.size());
    return {TopicKind::Custom, std::string(text)};
}

TopicRule pipeline_topic(const json::object* global) {
    if (global == nullptr) return {};
    const std::string type = find_string(*global, "TopicType").value_or("");
    const std::string format = find_string(*global, "TopicFormat").value_or("");
    if (type == "custom") return custom_topic(format);
    if (type == "filepath") return {TopicKind::FromPath, format};
    if (type == "machine_group_topic" || type == "default") return {TopicKind::Group, ""};
    return {};
}

TopicRule classic_topic(const std::string& format) {
    if (format.empty() || format == "none") return {};
    if (format == "default" || format == "group_topic") return {TopicKind::Group, ""};
    if (format.starts_with(kCustomTopicPrefix)) return custom_topic(format);
    return {TopicKind::FromPath, format};
}

/// POSIX extended syntax, with \d as people write it.
std::string posix_syntax(std::string_view expression) {
    std::string posix;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        const bool digit = expression.substr(at, 2) == "\\d";
        const bool escaped = expression[at] == '\\' && at + 1 < expression.size();
        if (digit) {
            posix += "[0-9]";
        } else {
            posix += expression.substr(at, escaped ? 2 : 1);
        }
        if (escaped) ++at;
    }
    return posix;
}

/// What the expression captures, joined by "_"; the whole path when it captures nothing. Nothing
/// when it does not match the whole path, or is no expression at all.
std::string topic_from_path(const std::string& expression, const std::string& path) {
    constexpr std::size_t kGroupsMax = 10;
    regex_t compiled;
    if (regcomp(&compiled, posix_syntax(expression).c_str(), REG_EXTENDED) != 0) return "";
    const std::size_t groups = std::min(compiled.re_nsub + 1, kGroupsMax);
    regmatch_t found[kGroupsMax];
    const bool matches = regexec(&compiled, path.c_str(), groups, found, 0) == 0;
    regfree(&compiled);
    if (!matches || found[0].rm_so != 0 ||
        static_cast<std::size_t>(found[0].rm_eo) != path.size()) {
        return "";
    }
    if (groups == 1) return path;
    std::string topic;
    for (std::size_t group = 1; group < groups; ++group) {
        if (group > 1) topic += "_";
        if (found[group].rm_so < 0) continue;
        topic.append(path, static_cast<std::size_t>(found[group].rm_so),
                     static_cast<std::size_t>(found[group].rm_eo - found[group].rm_so));
    }
    return topic;
}

Status fill_from_pipeline(const CollectorConfig& config, CollectRule& rule) {
    const json::object* input = first_object(config.body, "inputs");
    if (input == nullptr) return bad_config(config, "inputs[0] is missing");
    const std::string type = find_string(*input, "Type").value_or("");
    if (type != "input_file") {
        return bad_config(config,
                          "inputs[0].Type is \"" + type + "\"; this agent reads input_file");
    }
    const json::array* paths = find_array(*input, "FilePaths");
    if (paths == nullptr || paths->empty()) {
        return bad_config(config, "inputs[0].FilePaths names no file");
    }
    const auto depth = static_cast<unsigned>(
        std::clamp<std::int64_t>(int_or(*input, "MaxDirSearchDepth", 0), 0, 1000));
    for (const json::value& path : *paths) {
        if (!path.is_string())
            return bad_config(config, "inputs[0].FilePaths holds more than text");
        rule.paths.push_back({std::string(path.as_string()), depth});
    }
    rule.tail_size_kb = static_cast<std::uint64_t>(std::clamp<std::int64_t>(
        int_or(*input, "TailSizeKB", 1024), 0, static_cast<std::int64_t>(kTailSizeKbMax)));
    rule.allows_other_configs = find_bool(*input, "AllowingIncludedByMultiConfigs").value_or(false);
    rule.position_meta = find_bool(*input, "AppendingLogPositionMeta").value_or(false);
    rule.topic = pipeline_topic(find_object(config.body, "global"));
    if (input->contains("Multiline")) rule.ignored.push_back("inputs[0].Multiline");
    const json::array* processors = find_array(config.body, "processors");
    if (processors != nullptr && !processors->empty()) rule.ignored.push_back("processors");
    const json::object* flusher = first_object(config.body, "flushers");
    if (flusher == nullptr) return bad_config(config, "flushers[0] is missing");
    rule.target.logstore.logstore = LogstoreName(find_string(*flusher, "Logstore").value_or(""));
    return {};
}

Status fill_from_classic(const CollectorConfig& config, CollectRule& rule) {
    const std::string type = find_string(config.body, "inputType").value_or("file");
    if (type != "file") {
        return bad_config(config, "inputType is \"" + type + "\"; this agent reads files");
    }
    const json::object* input = find_object(config.body, "inputDetail");
    if (input == nullptr) return bad_config(config, "inputDetail is missing");
    std::string folder = find_string(*input, "logPath").value_or("");
    const std::string name = find_string(*input, "filePattern").value_or("");
    if (folder.empty() || name.empty()) {
        return bad_config(config, "inputDetail.logPath and inputDetail.filePattern name no file");
    }
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    const auto depth =
        static_cast<unsigned>(std::clamp<std::int64_t>(int_or(*input, "maxDepth", 100), 0, 1000));
    rule.paths.push_back({folder + "/**/" + name, depth});
    const json::object* advanced = find_object(*input, "advanced");
    if (advanced != nullptr) {
        rule.allows_other_configs = find_bool(*advanced, "force_multiconfig").value_or(false);
        rule.tail_size_kb = static_cast<std::uint64_t>(std::clamp<std::int64_t>(
            int_or(*advanced, "tail_size_kb", 1024), 0, static_cast<std::int64_t>(kTailSizeKbMax)));
        rule.position_meta = find_bool(*advanced, "enable_log_position_meta").value_or(false);
    }
    rule.topic = classic_topic(find_string(*input, "topicFormat").value_or(""));
    const std::string log_type = find_string(*input, "logType").value_or("");
    if (!log_type.empty() && log_type != "common_reg_log")
        rule.ignored.push_back("logType " + log_type);
    const json::array* keys = find_array(*input, "key");
    if (keys != nullptr && keys->size() > 1) rule.ignored.push_back("inputDetail.regex");
    const json::object* output = find_object(config.body, "outputDetail");
    if (output == nullptr) return bad_config(config, "outputDetail is missing");
    rule.target.logstore.logstore = LogstoreName(find_string(*output, "logstoreName").value_or(""));
    return {};
}

}  // namespace

std::size_t PathPattern::base_length() const {
    const std::size_t deep = text.find("/**");
    if (deep != std::string::npos) return deep;
    const std::size_t slash = text.rfind('/');
    return slash == std::string::npos ? 0 : slash;
}

Delivery CollectRule::delivery_for(const std::string& path) const {
    Delivery delivery{target, "", position_meta};
    switch (topic.kind) {
        case TopicKind::None:
            break;
        case TopicKind::Group:
            delivery.topic = group_topic;
            break;
        case TopicKind::Custom:
            delivery.topic = topic.text;
            break;
        case TopicKind::FromPath:
            delivery.topic = topic_from_path(topic.text, path);
            break;
    }
    return delivery;
}

Result<CollectRule> parse_rule(const CollectorConfig& config, const RegionName& region,
                               const ProjectName& project, const std::string& group_topic) {
    CollectRule rule;
    rule.effective_name = project.str() + "$" + config.name.str();
    rule.target = {region, {project, LogstoreName()}};
    rule.group_topic = group_topic;
    rule.created_unix_s = int_or(config.body, "createTime", 0);
    const Status filled = config.form == ConfigForm::Pipeline ? fill_from_pipeline(config, rule)
                                                              : fill_from_classic(config, rule);
    if (!filled) return filled.error();
    if (rule.target.logstore.logstore.empty()) return bad_config(config, "no Logstore is named");
    for (const PathPattern& path : rule.paths) {
        if (path.text.empty() || path.text.front() != '/') {
            return bad_config(config, "the path \"" + path.text + "\" does not begin with /");
        }
    }
    return rule;
}

}  // namespace spillway::agent
