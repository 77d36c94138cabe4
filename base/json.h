// JSON values (Boost.JSON) with errors as Results. Any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace spillway {

namespace json = boost::json;

/// Errors: InvalidArgument with the byte position and what was wrong there.
Result<json::value> parse_json(std::string_view text);
/// The same, and the value must be an object.
Result<json::object> parse_json_object(std::string_view text);

/// A member, or nothing when it is absent or of another type.
std::optional<std::string> find_string(const json::object& object, std::string_view key);
std::optional<std::int64_t> find_int(const json::object& object, std::string_view key);
std::optional<bool> find_bool(const json::object& object, std::string_view key);
const json::object* find_object(const json::object& object, std::string_view key);
const json::array* find_array(const json::object& object, std::string_view key);

/// Members sorted by key at every depth, no blanks: equal values give equal text, for digests.
std::string canonical_json(const json::value& value);
/// Two-space indentation, for people.
std::string pretty_json(const json::value& value);

}  // namespace spillway
