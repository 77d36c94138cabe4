#include "logstore/model/names.h"

#include "base/text.h"

#include <algorithm>

namespace spillway {

Cursor Cursor::from_position(std::int64_t position) {
    return Cursor(to_base64(std::to_string(position)));
}

std::optional<std::int64_t> Cursor::position() const {
    const auto decimal = from_base64(text_);
    if (!decimal) return std::nullopt;
    return parse_int(*decimal);
}

namespace {

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

struct NameRule {
    std::string_view what;
    std::size_t shortest;
    std::size_t longest;
    std::string_view between;  ///< allowed inside, beside letters and digits
    bool upper_case;
};

Status check_name(std::string_view name, const NameRule& rule) {
    const auto fail = [&](const std::string& why) {
        return make_error(ErrorCode::InvalidArgument,
                          std::string(rule.what) + " name \"" + to_valid_utf8(name) + "\" " + why);
    };
    if (name.size() < rule.shortest || name.size() > rule.longest) {
        return fail("must have " + std::to_string(rule.shortest) + " to " +
                    std::to_string(rule.longest) + " characters");
    }
    const auto letter = rule.upper_case ? is_alnum : is_lower_alnum;
    if (!letter(name.front()) || !letter(name.back())) {
        return fail(std::string("must begin and end with a ") +
                    (rule.upper_case ? "" : "lower-case ") + "letter or digit");
    }
    for (const char c : name) {
        if (!letter(c) && rule.between.find(c) == std::string_view::npos) {
            return fail(std::string("may hold only ") + (rule.upper_case ? "" : "lower-case ") +
                        "letters, digits and " + std::string(rule.between));
        }
    }
    return {};
}

}  // namespace

Status check_project_name(const ProjectName& name) {
    return check_name(name.str(), {"project", 3, 63, "-", false});
}

Status check_logstore_name(const LogstoreName& name) {
    return check_name(name.str(), {"Logstore", 2, 63, "-_", false});
}

Status check_config_name(const ConfigName& name) {
    return check_name(name.str(), {"config", 2, 128, "-_", true});
}

}  // namespace spillway
