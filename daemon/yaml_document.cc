#include "daemon/yaml_document.h"

#include "base/storage/durable_file.h"
#include "base/text.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace spillway::daemon {

std::string render(const Finding& finding) {
    const char* severity = finding.severity == FindingSeverity::Error ? "error" : "warning";
    if (finding.line == 0)
        return fmt::format("{}: {}: {}\n", finding.file, severity, finding.message);
    std::string text = fmt::format("{}:{}:{}: {}: {}\n", finding.file, finding.line, finding.column,
                                   severity, finding.message);
    if (!finding.snippet.empty()) {
        text += fmt::format("{:5} | {}\n      | {}^{}\n", finding.line, finding.snippet,
                            std::string(finding.column - 1, ' '),
                            std::string(std::max<std::uint32_t>(finding.length, 1) - 1, '~'));
    }
    return text;
}

bool has_errors(const std::vector<Finding>& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.severity == FindingSeverity::Error;
    });
}

Result<std::string> SecretRef::resolve() const {
    if (kind == Kind::Env) {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') {
            return make_error(ErrorCode::NotFound, "environment variable " + name + " is not set");
        }
        return std::string(value);
    }
    auto content = read_file(name, 64 * 1024);
    if (!content) return std::move(content).error().while_doing("read the secret file");
    while (!content->empty() && (content->back() == '\n' || content->back() == '\r')) {
        content->pop_back();
    }
    if (content->empty())
        return make_error(ErrorCode::NotFound, "secret file " + name + " is empty");
    return content;
}

struct YamlDocument::Impl {
    std::string file;
    std::vector<std::string> lines;
    YAML::Node root;
    std::vector<Finding> findings;

    void complain(const YamlPlace& place, std::string message, FindingSeverity severity) {
        Finding finding{severity,           file, place.line, place.column, place.length,
                        std::move(message), ""};
        if (place.line >= 1 && place.line <= lines.size()) finding.snippet = lines[place.line - 1];
        findings.push_back(std::move(finding));
    }
};

namespace {

YamlPlace place_of_node(const YAML::Node& node) {
    const auto mark = node.Mark();
    if (mark.line < 0) return {};
    std::uint32_t length = 1;
    if (node.IsScalar() && !node.Scalar().empty() &&
        node.Scalar().find('\n') == std::string::npos) {
        length = static_cast<std::uint32_t>(node.Scalar().size());
    }
    return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1,
            length};
}

const char* kind_of(const YAML::Node& node) {
    if (node.IsMap()) return "a mapping";
    if (node.IsSequence()) return "a list";
    if (node.IsScalar()) return "a text";
    return "nothing";
}

/// yaml-cpp's own words are for people who know its scanner.
std::string plain_syntax_message(const YAML::ParserException& failure, std::string_view line) {
    if (line.find('\t') != std::string_view::npos) {
        return "a tab is used for indentation; YAML wants blanks";
    }
    return "not valid YAML here: " + failure.msg;
}

}  // namespace

struct YamlMap::Impl {
    std::shared_ptr<YamlDocument::Impl> document;
    YAML::Node node;
    std::string path;  ///< "links[0].batch", for messages
    std::set<std::string, std::less<>> asked;
    std::vector<std::string> asked_in_order;

    /// The value of a key, or nothing; marks it as known either way.
    std::optional<YAML::Node> find(std::string_view key) {
        if (asked.insert(std::string(key)).second) asked_in_order.emplace_back(key);
        return look(key);
    }

    std::optional<YAML::Node> look(std::string_view key) const {
        if (!node.IsMap()) return std::nullopt;
        for (const auto& member : node) {
            if (member.first.IsScalar() && member.first.Scalar() == key) return member.second;
        }
        return std::nullopt;
    }

    std::string path_of(std::string_view key) const {
        return path.empty() ? std::string(key) : path + "." + std::string(key);
    }

    void complain(const YAML::Node& at, std::string message) {
        document->complain(place_of_node(at), std::move(message), FindingSeverity::Error);
    }

    std::optional<std::string> scalar(std::string_view key) {
        const auto value = find(key);
        if (!value) return std::nullopt;
        if (value->IsScalar()) return value->Scalar();
        complain(*value, fmt::format("{} wants a text, not {}", path_of(key), kind_of(*value)));
        return std::nullopt;
    }

    /// A scalar turned into something by `convert`; a failed conversion is a finding at the value.
    template <class T, class Convert>
    T converted(std::string_view key, T fallback, Convert convert) {
        const auto text = scalar(key);
        if (!text) return fallback;
        Result<T> result = convert(*text);
        if (result) return *std::move(result);
        complain(*look(key), fmt::format("{}: {}", path_of(key), result.error().message));
        return fallback;
    }

    void report_unknown_keys() {
        if (!node.IsMap()) return;
        for (const auto& member : node) {
            if (!member.first.IsScalar() || asked.contains(member.first.Scalar())) continue;
            const auto close = nearest(member.first.Scalar(), asked_in_order);
            complain(member.first,
                     fmt::format("unknown field \"{}\" in {}{}", member.first.Scalar(),
                                 path.empty() ? "the file" : path,
                                 close ? fmt::format("; did you mean \"{}\"?", *close) : ""));
        }
    }

    void report_duplicate_keys() {
        if (!node.IsMap()) return;
        std::set<std::string> seen;
        for (const auto& member : node) {
            if (member.first.IsScalar() && !seen.insert(member.first.Scalar()).second) {
                complain(member.first,
                         fmt::format("\"{}\" stands twice in {}", member.first.Scalar(),
                                     path.empty() ? "the file" : path));
            }
        }
    }

    static YamlMap open(std::shared_ptr<YamlDocument::Impl> document, const YAML::Node& node,
                        std::string path) {
        auto impl = std::make_unique<Impl>();
        impl->document = std::move(document);
        impl->node = node;
        impl->path = std::move(path);
        impl->report_duplicate_keys();
        return YamlMap(std::move(impl));
    }
};

YamlMap::YamlMap(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
YamlMap::YamlMap(YamlMap&&) noexcept = default;

YamlMap::~YamlMap() {
    if (impl_) impl_->report_unknown_keys();
}

bool YamlMap::has(std::string_view key) const {
    return impl_->look(key).has_value();
}

YamlPlace YamlMap::place() const {
    return place_of_node(impl_->node);
}

YamlPlace YamlMap::place_of(std::string_view key) const {
    const auto value = impl_->look(key);
    return value ? place_of_node(*value) : place();
}

std::optional<std::string> YamlMap::text(std::string_view key) {
    return impl_->scalar(key);
}

std::string YamlMap::text_or(std::string_view key, std::string_view fallback) {
    return impl_->scalar(key).value_or(std::string(fallback));
}

std::string YamlMap::required_text(std::string_view key) {
    if (!impl_->find(key)) {
        complain(key, fmt::format("{} is missing", impl_->path_of(key)));
        return "";
    }
    const auto text = impl_->scalar(key);
    if (text && text->empty()) complain(key, fmt::format("{} is empty", impl_->path_of(key)));
    return text.value_or("");
}

std::string YamlMap::one_of(std::string_view key, std::vector<std::string> choices,
                            std::string_view fallback) {
    return impl_->converted<std::string>(
        key, std::string(fallback), [&choices](const std::string& text) -> Result<std::string> {
            if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
            const auto close = nearest(text, choices);
            return make_error(
                ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is not one of {}{}", text, fmt::join(choices, ", "),
                            close ? fmt::format("; did you mean {}?", *close) : ""));
        });
}

std::int64_t YamlMap::integer_or(std::string_view key, std::int64_t fallback, std::int64_t least,
                                 std::int64_t most) {
    return impl_->converted<std::int64_t>(
        key, fallback, [&](const std::string& text) -> Result<std::int64_t> {
            const auto number = parse_int(text);
            if (number && *number >= least && *number <= most) return *number;
            return make_error(
                ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is not a whole number from {} to {}", text, least, most));
        });
}

double YamlMap::number_or(std::string_view key, double fallback, double least, double most) {
    return impl_->converted<double>(key, fallback, [&](const std::string& text) -> Result<double> {
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        if (!text.empty() && *end == '\0' && number >= least && number <= most) return number;
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("\"{}\" is not a number from {} to {}", text, least, most));
    });
}

bool YamlMap::boolean_or(std::string_view key, bool fallback) {
    return impl_->converted<bool>(key, fallback, [](const std::string& text) -> Result<bool> {
        if (text == "true") return true;
        if (text == "false") return false;
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("\"{}\" is not true or false", text));
    });
}

std::chrono::milliseconds YamlMap::duration_or(std::string_view key,
                                               std::chrono::milliseconds fallback) {
    return impl_->converted<std::chrono::milliseconds>(
        key, fallback, [](const std::string& text) { return parse_duration(text); });
}

std::uint64_t YamlMap::bytes_or(std::string_view key, std::uint64_t fallback) {
    return impl_->converted<std::uint64_t>(
        key, fallback, [](const std::string& text) { return parse_size(text); });
}

std::vector<std::string> YamlMap::texts(std::string_view key) {
    std::vector<std::string> found;
    const auto value = impl_->find(key);
    if (!value) return found;
    if (!value->IsSequence()) {
        impl_->complain(
            *value, fmt::format("{} wants a list, not {}", impl_->path_of(key), kind_of(*value)));
        return found;
    }
    for (const auto& item : *value) {
        if (item.IsScalar()) {
            found.push_back(item.Scalar());
        } else {
            impl_->complain(
                item, fmt::format("{} wants texts, not {}", impl_->path_of(key), kind_of(item)));
        }
    }
    return found;
}

std::optional<SecretRef> YamlMap::secret(std::string_view key) {
    const auto value = impl_->find(key);
    if (!value) return std::nullopt;
    if (!value->IsMap()) {
        // The literal itself is not repeated in the finding: it may be a real secret.
        auto place = place_of_node(*value);
        place.length = 1;
        impl_->document->complain(
            place,
            fmt::format("{} holds a literal; write {{env: NAME}} or {{file: PATH}}",
                        impl_->path_of(key)),
            FindingSeverity::Error);
        impl_->document->findings.back().snippet.clear();
        return std::nullopt;
    }
    auto reference = Impl::open(impl_->document, *value, impl_->path_of(key));
    const auto env = reference.text("env");
    const auto file = reference.text("file");
    if (env.has_value() == file.has_value()) {
        complain(key, fmt::format("{} wants either env or file", impl_->path_of(key)));
        return std::nullopt;
    }
    return env ? SecretRef{SecretRef::Kind::Env, *env} : SecretRef{SecretRef::Kind::File, *file};
}

std::optional<YamlMap> YamlMap::map(std::string_view key) {
    const auto value = impl_->find(key);
    if (!value) return std::nullopt;
    if (!value->IsMap()) {
        impl_->complain(*value, fmt::format("{} wants a mapping, not {}", impl_->path_of(key),
                                            kind_of(*value)));
        return std::nullopt;
    }
    return Impl::open(impl_->document, *value, impl_->path_of(key));
}

void YamlMap::each_named(std::string_view key,
                         const std::function<void(const std::string&, YamlMap&)>& read) {
    const auto value = impl_->find(key);
    if (!value) return;
    if (!value->IsMap()) {
        impl_->complain(*value, fmt::format("{} wants a mapping from names, not {}",
                                            impl_->path_of(key), kind_of(*value)));
        return;
    }
    auto names = Impl::open(impl_->document, *value, impl_->path_of(key));
    for (const auto& member : *value) {
        const std::string name = member.first.IsScalar() ? member.first.Scalar() : "";
        if (auto below = names.map(name)) read(name, *below);
    }
}

std::vector<std::pair<std::string, std::string>> YamlMap::named_texts(std::string_view key) {
    std::vector<std::pair<std::string, std::string>> found;
    auto below = map(key);
    if (!below) return found;
    for (const auto& member : below->impl_->node) {
        const std::string name = member.first.IsScalar() ? member.first.Scalar() : "";
        if (auto text = below->text(name)) found.emplace_back(name, *std::move(text));
    }
    return found;
}

void YamlMap::each_item(std::string_view key, const std::function<void(YamlMap&)>& read) {
    const auto value = impl_->find(key);
    if (!value) return;
    if (!value->IsSequence()) {
        impl_->complain(
            *value, fmt::format("{} wants a list, not {}", impl_->path_of(key), kind_of(*value)));
        return;
    }
    for (std::size_t i = 0; i < value->size(); ++i) {
        const YAML::Node item = (*value)[i];
        const std::string path = fmt::format("{}[{}]", impl_->path_of(key), i);
        if (!item.IsMap()) {
            impl_->complain(item, fmt::format("{} wants a mapping, not {}", path, kind_of(item)));
            continue;
        }
        auto below = Impl::open(impl_->document, item, path);
        read(below);
    }
}

void YamlMap::complain(std::string_view key, std::string message, FindingSeverity severity) {
    if (!impl_->node.IsMap()) return;  // what is wrong with the file has been said already
    impl_->document->complain(place_of(key), std::move(message), severity);
}

YamlDocument::YamlDocument(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
YamlDocument::YamlDocument(YamlDocument&&) noexcept = default;
YamlDocument::~YamlDocument() = default;

YamlDocument YamlDocument::parse(std::string text, std::string file) {
    auto impl = std::make_shared<Impl>();
    impl->file = std::move(file);
    for (const auto line : split(text, '\n')) impl->lines.emplace_back(line);
    try {
        impl->root = YAML::Load(text);
        if (!impl->root.IsMap()) {
            impl->complain({1, 1, 1},
                           "the file holds " + std::string(kind_of(impl->root)) +
                               "; a mapping of fields is wanted",
                           FindingSeverity::Error);
        }
    } catch (const YAML::ParserException& failure) {
        const auto line = static_cast<std::uint32_t>(std::max(failure.mark.line, 0));
        const auto column = static_cast<std::uint32_t>(std::max(failure.mark.column, 0));
        const std::string snippet = line < impl->lines.size() ? impl->lines[line] : "";
        impl->complain({line + 1, column + 1, 1}, plain_syntax_message(failure, snippet),
                       FindingSeverity::Error);
        impl->root = YAML::Node();
    }
    return YamlDocument(std::move(impl));
}

YamlDocument YamlDocument::load(const std::string& path) {
    auto text = read_file(path, 4 * 1024 * 1024);
    if (text) return parse(*std::move(text), path);
    auto impl = std::make_shared<Impl>();
    impl->file = path;
    impl->complain({}, text.error().message, FindingSeverity::Error);
    return YamlDocument(std::move(impl));
}

YamlMap YamlDocument::root() {
    return YamlMap::Impl::open(impl_, impl_->root, "");
}

void YamlDocument::complain(const YamlPlace& place, std::string message, FindingSeverity severity) {
    impl_->complain(place, std::move(message), severity);
}

std::vector<Finding> YamlDocument::findings() const {
    auto sorted = impl_->findings;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Finding& left, const Finding& right) {
        return std::pair(left.line, left.column) < std::pair(right.line, right.column);
    });
    return sorted;
}

}  // namespace spillway::daemon
