#include "daemon/commands/transform_tools.h"

#include "base/text.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace spillway::daemon {

using transform::EventFields;
using transform::RuleTest;

Result<std::string> read_rule_file(const std::string& name, Streams& streams) {
    if (name == "-") return std::string{std::istreambuf_iterator<char>(streams.in), {}};
    std::ifstream file(name, std::ios::binary);
    if (!file) return errno_error("open " + name, errno);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) return errno_error("read " + name, errno);
    return text;
}

std::optional<transform::Program> compile_rule_file(const std::string& name, Streams& streams) {
    auto rule = read_rule_file(name, streams);
    if (!rule) {
        report_error(rule.error(), streams);
        return std::nullopt;
    }
    auto compiled = transform::Program::compile(*rule);
    for (const auto& each : compiled.diagnostics) {
        streams.err << transform::render(each, *rule, name);
    }
    return std::move(compiled.program);
}

Result<std::vector<EventFields>> read_events(const std::string& name, Streams& streams) {
    auto text = read_rule_file(name, streams);
    if (!text) return std::move(text).error();
    std::vector<EventFields> events;
    for (auto line : split(*text, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        auto object =
            line.starts_with('{')
                ? parse_json(line)
                : Result<json::value>(make_error(ErrorCode::InvalidArgument, "a plain line"));
        auto event = object ? transform::parse_event(*object)
                            : Result<EventFields>(EventFields{{"content", std::string(line)}});
        events.push_back(*std::move(event));
    }
    return events;
}

namespace {

json::value json_of(const YAML::Node& node) {
    if (node.IsMap()) {
        json::object object;
        for (const auto& entry : node) object[entry.first.Scalar()] = json_of(entry.second);
        return object;
    }
    if (node.IsSequence()) {
        json::array array;
        for (const auto& entry : node) array.push_back(json_of(entry));
        return array;
    }
    if (node.IsNull()) return nullptr;
    return json::string(node.Scalar());  // every field is text: 1 and "1" mean the same
}

std::string folder_of(const std::string& name) {
    const auto slash = name.rfind('/');
    return slash == std::string::npos ? "" : name.substr(0, slash + 1);
}

Result<RuleTest> yaml_test(const YAML::Node& node, const std::string& rule,
                           const std::string& folder, Streams& streams) {
    json::value value = json_of(node);
    if (!value.is_object()) {
        return make_error(ErrorCode::InvalidArgument,
                          "a test must be a map of name, input, output");
    }
    auto& object = value.get_object();
    if (const auto file = find_string(object, "rule_file")) {
        auto text = read_rule_file(folder + *file, streams);
        if (!text) return std::move(text).error();
        object["rule"] = *text;
    } else if (!object.contains("rule")) {
        object["rule"] = rule;
    }
    return transform::parse_rule_test(object);
}

Result<std::vector<RuleTest>> yaml_tests(const std::string& name, const std::string& text,
                                         Streams& streams) {
    try {
        const YAML::Node root = YAML::Load(text);
        const YAML::Node tests = root.IsMap() ? root["tests"] : root;
        if (!tests || !tests.IsSequence()) {
            return make_error(ErrorCode::InvalidArgument, name + ": \"tests:\" must be a list");
        }
        std::string rule;
        const auto folder = folder_of(name);
        if (root.IsMap() && root["rule"]) rule = root["rule"].Scalar();
        if (root.IsMap() && root["rule_file"]) {
            auto file = read_rule_file(folder + root["rule_file"].Scalar(), streams);
            if (!file) return std::move(file).error();
            rule = *file;
        }
        std::vector<RuleTest> made;
        for (const auto& node : tests) {
            auto test = yaml_test(node, rule, folder, streams);
            if (!test) {
                return std::move(test).error().while_doing(
                    fmt::format("{} line {}", name, node.Mark().line + 1));
            }
            made.push_back(*std::move(test));
        }
        return made;
    } catch (const YAML::Exception& problem) {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("{}:{}:{}: {}", name, problem.mark.line + 1,
                                      problem.mark.column + 1, problem.msg));
    }
}

}  // namespace

Result<std::vector<RuleTest>> read_rule_tests(const std::string& name, Streams& streams) {
    auto text = read_rule_file(name, streams);
    if (!text) return std::move(text).error();
    const bool yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    if (yaml) return yaml_tests(name, *text, streams);
    auto tests = transform::parse_rule_tests(*text);
    if (!tests) return std::move(tests).error().while_doing(name);
    return tests;
}

}  // namespace spillway::daemon
