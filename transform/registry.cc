#include "transform/registry.h"

#include "base/text.h"

#include <algorithm>
#include <unordered_map>

namespace spillway::transform {

namespace {

ParamKind kind_of(char letter) {
    switch (letter) {
        case 't':
            return ParamKind::Text;
        case 'n':
            return ParamKind::Number;
        case 'f':
            return ParamKind::Field;
        case 'F':
            return ParamKind::Fields;
        case 'c':
            return ParamKind::Condition;
        case 'o':
            return ParamKind::Operation;
        case 'r':
            return ParamKind::Regex;
        case 'm':
            return ParamKind::Mode;
        case 'q':
            return ParamKind::Query;
        case 'j':
            return ParamKind::Jmes;
        case 'z':
            return ParamKind::Zone;
        case 'd':
            return ParamKind::Dict;
        case 'T':
            return ParamKind::Table;
        case 'l':
            return ParamKind::TextOrList;
        default:
            return ParamKind::Any;
    }
}

/// `text` lies in a table and lives for ever.
Value parse_fallback(std::string_view text) {
    static Arena arena;  // integers and floats need none; kept for parse_number's interface
    if (text == "null") return Value::null();
    if (text == "True" || text == "False") return Value::of(text == "True");
    if (text.starts_with('"') || text.starts_with('\''))
        return Value::of(text.substr(1, text.size() - 2));
    return parse_number(text, arena).value_or(Value::null());
}

Param parse_param(std::string_view text) {
    Param param;
    std::string_view head = text;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
        head = text.substr(0, equals);
        param.required = false;
        param.fallback_text = text.substr(equals + 1);
        param.fallback = parse_fallback(text.substr(equals + 1));
    }
    if (const auto colon = head.find(':'); colon != std::string_view::npos) {
        param.kind = kind_of(head[colon + 1]);
        head = head.substr(0, colon);
    }
    param.name = head;
    return param;
}

/// Splits at ", " outside quotes.
std::vector<std::string_view> split_params(std::string_view text) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!quoted && text.substr(i).starts_with("'\"'")) i += 3;
        if (text[i] == '"') quoted = !quoted;
        if (quoted || !text.substr(i).starts_with(", ")) continue;
        parts.push_back(text.substr(begin, i - begin));
        begin = i + 2;
    }
    if (begin < text.size()) parts.push_back(text.substr(begin));
    return parts;
}

std::string shown(const Param& param) {
    return param.required ? param.name : param.name + "=" + param.fallback_text;
}

FunctionInfo parse_entry(const FunctionEntry& entry, std::string_view group) {
    FunctionInfo info;
    info.entry = &entry;
    info.group = group;
    const auto open = entry.signature.find('(');
    info.name = entry.signature.substr(0, open);
    info.is_check = entry.build_op == nullptr && entry.tier != FunctionTier::Unavailable;
    std::vector<std::string> words;
    for (const auto part :
         split_params(entry.signature.substr(open + 1, entry.signature.size() - open - 2))) {
        if (part.starts_with("...")) {
            info.repeat = part == "..." ? 1 : static_cast<std::size_t>(part[3] - '0');
            words.emplace_back("...");
            continue;
        }
        Param param = parse_param(part);
        words.push_back(shown(param));
        (info.repeat == 0 ? info.params : info.keyword_params).push_back(std::move(param));
    }
    info.signature = info.name + "(";
    for (const auto& word : words) {
        if (info.signature.back() != '(') info.signature += ", ";
        info.signature += word;
    }
    info.signature += ")";
    return info;
}

struct Group {
    std::string_view title;
    std::span<const FunctionEntry> entries;
};

std::vector<FunctionInfo> build_all() {
    const Group groups[] = {
        {"Flow control", flow_functions()},
        {"Fields", field_functions()},
        {"Extraction", extract_functions()},
        {"Extraction", json_extract_functions()},
        {"Mapping and enrichment", mapping_functions()},
        {"Event checks", check_functions()},
        {"Operators", operator_functions()},
        {"Conversion", convert_functions()},
        {"Arithmetic", arithmetic_functions()},
        {"Strings", string_functions()},
        {"Strings", string_check_functions()},
        {"Date and time", time_functions()},
        {"Regular expressions and grok", regex_functions()},
        {"JSON, XML and compression", json_functions()},
        {"IP addresses", ip_functions()},
        {"Encoding", encoding_functions()},
        {"Lists, dicts and tables", container_functions()},
        {"Known, not available here", unavailable_functions()},
    };
    std::vector<FunctionInfo> all;
    for (const auto& group : groups) {
        for (const auto& entry : group.entries) all.push_back(parse_entry(entry, group.title));
    }
    return all;
}

const std::vector<FunctionInfo>& table() {
    static const std::vector<FunctionInfo> all = build_all();
    return all;
}

}  // namespace

std::size_t FunctionInfo::required_count() const {
    return static_cast<std::size_t>(std::count_if(
        params.begin(), params.end(), [](const Param& param) { return param.required; }));
}

std::span<const FunctionInfo> all_functions() {
    return table();
}

const FunctionInfo* find_function(std::string_view name) {
    static const auto index = [] {
        std::unordered_map<std::string_view, const FunctionInfo*> by_name;
        for (const auto& info : table()) by_name.emplace(info.name, &info);
        return by_name;
    }();
    const auto found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

}  // namespace spillway::transform
