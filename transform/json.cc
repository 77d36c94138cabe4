#include "transform/json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>

#include <simdjson.h>

namespace spillway::transform {

namespace {

namespace dom = simdjson::dom;
namespace sj = simdjson::ondemand;
constexpr int kDepthMax = 500;

/// Parsers and padded copy are kept per thread: simdjson wants readable bytes behind the text.
struct Reader {
    dom::parser parser;
    sj::parser exact_parser;
    std::string padded;
};

bool convert(dom::element from, Value& to, Arena& arena, int depth) {
    if (depth > kDepthMax) return false;
    switch (from.type()) {
        case dom::element_type::STRING:
            to = Value::of(arena.copy(std::string_view(from)));
            return true;
        case dom::element_type::INT64:
            to = Value::of(std::int64_t{from});
            return true;
        case dom::element_type::UINT64:
            to = Value::big_int(arena.copy(std::to_string(std::uint64_t{from})));
            return true;
        case dom::element_type::DOUBLE:
            to = Value::of(double{from});
            return true;
        case dom::element_type::BOOL:
            to = Value::of(bool{from});
            return true;
        case dom::element_type::NULL_VALUE:
            to = Value::null();
            return true;
        case dom::element_type::ARRAY: {
            ListBuilder list(arena);
            for (const dom::element item : dom::array(from)) {
                Value made;
                if (!convert(item, made, arena, depth + 1)) return false;
                list.add(made);
            }
            to = list.done();
            return true;
        }
        case dom::element_type::OBJECT: {
            DictBuilder dict(arena);
            for (const auto& member : dom::object(from)) {
                Value made;
                if (!convert(member.value, made, arena, depth + 1)) return false;
                dict.set(Value::of(arena.copy(member.key)), made);
            }
            to = dict.done();
            return true;
        }
    }
    return false;
}

// The slower reader below keeps the digits of numbers, for integers beyond 64 bits.

bool convert(sj::value from, Value& to, Arena& arena, int depth);

/// How repair_json writes a NaN.
constexpr std::string_view kNanToken = "\"\\u0000NaN\"";

bool convert_text(sj::value from, Value& to, Arena& arena) {
    if (from.raw_json_token().starts_with(kNanToken)) {
        to = Value::of(std::numeric_limits<double>::quiet_NaN());
        std::string_view skipped;
        return from.get_string().get(skipped) == simdjson::SUCCESS;
    }
    std::string_view text;
    if (from.get_string().get(text) != simdjson::SUCCESS) return false;
    to = Value::of(arena.copy(text));
    return true;
}

bool convert_number(std::string_view token, Value& to, Arena& arena) {
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\n' ||
                              token.back() == '\r')) {
        token.remove_suffix(1);
    }
    // JSON's own shape of a number, which is narrower than ours.
    std::string_view digits = token;
    if (digits.starts_with('-')) digits.remove_prefix(1);
    if (digits.empty() || digits[0] < '0' || digits[0] > '9') return false;
    if (digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return false;
    if (digits.back() == '.' || digits.find(".e") != digits.npos ||
        digits.find(".E") != digits.npos) {
        return false;
    }
    const auto number = parse_number(token, arena);
    if (!number) return false;
    to = *number;
    if (to.kind == Kind::BigInt) to = Value::big_int(arena.copy(to.text()));
    return true;
}

bool convert_list(sj::array from, Value& to, Arena& arena, int depth) {
    ListBuilder list(arena);
    for (auto element : from) {
        sj::value item;
        Value made;
        if (element.get(item) != simdjson::SUCCESS || !convert(item, made, arena, depth + 1)) {
            return false;
        }
        list.add(made);
    }
    to = list.done();
    return true;
}

bool convert_dict(sj::object from, Value& to, Arena& arena, int depth) {
    DictBuilder dict(arena);
    for (auto member : from) {
        sj::field field;
        if (std::move(member).get(field) != simdjson::SUCCESS) return false;
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
        const auto kept = Value::of(arena.copy(key));
        Value made;
        if (!convert(field.value(), made, arena, depth + 1)) return false;
        dict.set(kept, made);
    }
    to = dict.done();
    return true;
}

bool convert(sj::value from, Value& to, Arena& arena, int depth) {
    if (depth > kDepthMax) return false;
    sj::json_type type{};
    if (from.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
        case sj::json_type::string:
            return convert_text(from, to, arena);
        case sj::json_type::number: {
            const std::string_view token = from.raw_json_token();
            // Reading it moves the cursor on; whether it is a number is for convert_number to say.
            double moved_past = 0;
            const auto error = from.get_double().get(moved_past);
            if (error == simdjson::INCORRECT_TYPE) return false;
            return convert_number(token, to, arena);
        }
        case sj::json_type::boolean: {
            bool truth = false;
            if (from.get_bool().get(truth) != simdjson::SUCCESS) return false;
            to = Value::of(truth);
            return true;
        }
        case sj::json_type::null: {
            bool null = false;
            if (from.is_null().get(null) != simdjson::SUCCESS || !null) return false;
            to = Value::null();
            return true;
        }
        case sj::json_type::array: {
            sj::array array;
            return from.get_array().get(array) == simdjson::SUCCESS &&
                   convert_list(array, to, arena, depth);
        }
        case sj::json_type::object: {
            sj::object object;
            return from.get_object().get(object) == simdjson::SUCCESS &&
                   convert_dict(object, to, arena, depth);
        }
    }
    return false;
}

/// A scalar alone is a document of its own kind in simdjson: put it into a list and take it out.
std::optional<Value> parse_exactly(Reader& reader, std::size_t size, Arena& arena) {
    sj::document document;
    const simdjson::padded_string_view view(reader.padded.data(), size, reader.padded.size());
    if (reader.exact_parser.iterate(view).get(document) != simdjson::SUCCESS) return std::nullopt;
    sj::array array;
    if (document.get_array().get(array) != simdjson::SUCCESS) return std::nullopt;
    Value wrapped;
    if (!convert_list(array, wrapped, arena, 0) ||
        document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        return std::nullopt;
    }
    if (wrapped.list->size != 1) return std::nullopt;
    return wrapped.list->items[0];
}

bool has_prefix(std::string_view text, std::size_t at, std::string_view word) {
    return text.substr(std::min(at, text.size())).starts_with(word);
}

/// The UTF-16 unit of "\\uXXXX" at that place; nothing for anything else.
std::optional<std::uint32_t> utf16_unit(std::string_view text, std::size_t at) {
    if (!has_prefix(text, at, "\\u") || at + 6 > text.size()) return std::nullopt;
    std::uint32_t unit = 0;
    const auto end = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16).ptr;
    return end == text.data() + at + 6 ? std::optional(unit) : std::nullopt;
}

/// Copies the escape at `at`; half a surrogate pair becomes the replacement character.
void repair_escape(std::string_view text, std::size_t& at, std::string& out) {
    const auto unit = utf16_unit(text, at);
    const auto next = utf16_unit(text, at + 6);
    const bool high = unit && *unit >= 0xD800 && *unit < 0xDC00;
    const bool pair = high && next && *next >= 0xDC00 && *next < 0xE000;
    const bool lone = !pair && unit && *unit >= 0xD800 && *unit < 0xE000;
    const std::size_t size = pair ? 12 : (unit ? 6 : 2);
    out += lone ? std::string_view("\\ufffd") : text.substr(at, size);
    at += size;
}

/// What Python reads and JSON does not know, in JSON: NaN, Infinity, lone surrogates. Empty when
/// there is none of it.
std::string repair_json(std::string_view text) {
    const bool likely = text.find("NaN") != text.npos || text.find("Infinity") != text.npos ||
                        text.find("\\u") != text.npos;
    if (!likely) return {};
    std::string out;
    bool in_text = false;
    bool repaired = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = out.size();
        if (in_text && text[at] == '\\') {
            const std::size_t begin = at;
            repair_escape(text, at, out);
            repaired |= std::string_view(out).substr(size) != text.substr(begin, at - begin);
        } else if (!in_text && (has_prefix(text, at, "NaN") || has_prefix(text, at, "Infinity"))) {
            out += text[at] == 'N' ? kNanToken : std::string_view("1e999");
            at += text[at] == 'N' ? 3 : 8;
            repaired = true;
        } else {
            in_text ^= text[at] == '"';
            out += text[at++];
        }
    }
    return repaired ? out : std::string();
}

std::optional<Value> parse_wrapped(Reader& reader, std::string_view text, Arena& arena) {
    reader.padded.assign("[").append(text).append("]");
    const std::size_t size = reader.padded.size();
    reader.padded.append(simdjson::SIMDJSON_PADDING, '\0');
    return parse_exactly(reader, size, arena);
}

}  // namespace

std::optional<Value> parse_json_value(std::string_view text, Arena& arena) {
    constexpr std::size_t kTextMax = 512 * 1024 * 1024;
    if (text.empty() || text.size() > kTextMax) return std::nullopt;
    thread_local Reader reader;
    reader.padded.clear();
    reader.padded += text;
    reader.padded.append(simdjson::SIMDJSON_PADDING, '\0');
    dom::element document;
    const auto error = reader.parser.parse(reader.padded.data(), text.size(), false).get(document);
    std::optional<Value> value;
    Value made;
    if (error == simdjson::SUCCESS) {
        if (convert(document, made, arena, 0)) value = made;
    } else {
        if (error == simdjson::NUMBER_ERROR) value = parse_wrapped(reader, text, arena);
        const auto repaired = value ? std::string() : repair_json(text);
        if (!repaired.empty()) value = parse_wrapped(reader, repaired, arena);
    }
    constexpr std::size_t kKeptMax = 1024 * 1024;
    if (reader.padded.capacity() > kKeptMax) reader.padded = {};
    return value;
}

std::optional<Value> parse_json_list(std::string_view text, Arena& arena) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '[') return std::nullopt;
    const auto value = parse_json_value(text, arena);
    return value && value->is_list() ? value : std::nullopt;
}

namespace {

std::string_view without_blanks_behind(std::string_view token) {
    const auto last = token.find_last_not_of(" \t\n\r");
    return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// The text up to the closing quote; nothing when there is a backslash before it.
std::optional<std::string_view> plain_text(const char* begin, const char* end) {
    const auto room = static_cast<std::size_t>(end - begin);
    const auto* const quote = static_cast<const char*>(std::memchr(begin, '"', room));
    if (quote == nullptr) return std::nullopt;
    const std::string_view text(begin, static_cast<std::size_t>(quote - begin));
    if (text.find('\\') != std::string_view::npos) return std::nullopt;
    return text;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A number that a field stores as it is written: an integer of up to 15 digits, or a decimal of as
/// many in its shortest form and of a size that is written without an exponent.
bool is_stored_as_written(std::string_view number) {
    if (number.starts_with('-')) number.remove_prefix(1);
    const std::size_t point = std::min(number.find('.'), number.size());
    const auto whole = number.substr(0, point);
    if (whole.empty() || number.size() > 16 || (whole[0] == '0' && whole.size() > 1)) return false;
    if (!std::all_of(whole.begin(), whole.end(), is_digit)) return false;
    if (point == number.size()) return number.size() <= 15 && number != "0";
    const auto part = number.substr(point + 1);
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_digit)) return false;
    if (part.back() == '0') return part.size() == 1;
    return whole != "0" || !part.starts_with("0000");
}

bool read_flat_value(sj::value from, const char* end, std::string_view& text) {
    const std::string_view token = without_blanks_behind(from.raw_json_token());
    if (token.starts_with('"')) {
        const auto plain = plain_text(token.data() + 1, end);
        if (plain) text = *plain;
        return plain.has_value();
    }
    text = token;
    if (token == "true" || token == "false" || token == "0") return true;
    if (token == "null") text = {"", 0};
    return token == "null" || is_stored_as_written(token);
}

/// Members seen so far, by a few bits of their names.
class SeenNames {
  public:
    bool is_new(std::span<const FlatMember> members, std::string_view name) {
        const auto first = static_cast<unsigned char>(name.empty() ? '\0' : name.front());
        const auto last = static_cast<unsigned char>(name.empty() ? '\0' : name.back());
        const std::uint64_t bit = std::uint64_t{1} << ((name.size() * 7 + first + last * 5U) & 63U);
        const bool may_be_old = (bits_ & bit) != 0;
        bits_ |= bit;
        return !may_be_old || std::none_of(members.begin(), members.end(),
                                           [&](const auto& each) { return each.name == name; });
    }

  private:
    std::uint64_t bits_ = 0;
};

std::optional<std::span<const FlatMember>> read_flat_members(sj::object object, const char* end,
                                                             Arena& arena) {
    constexpr std::size_t kMembersMax = 128;
    auto* const members = arena.array<FlatMember>(kMembersMax);
    std::size_t count = 0;
    SeenNames seen;
    for (auto member : object) {
        sj::field field;
        if (count == kMembersMax || std::move(member).get(field) != simdjson::SUCCESS) {
            return std::nullopt;
        }
        const auto name = plain_text(field.key().raw(), end);
        FlatMember& made = members[count];
        if (!name || !seen.is_new({members, count}, *name) ||
            !read_flat_value(field.value(), end, made.text)) {
            return std::nullopt;
        }
        made.name = *name;
        ++count;
    }
    return std::span<const FlatMember>(members, count);
}

}  // namespace

std::optional<std::span<const FlatMember>> read_flat_object(std::string_view text, Arena& arena) {
    constexpr std::size_t kTextMax = 64 * 1024;
    if (text.size() < 2 || text.size() > kTextMax || text.front() != '{' || text.back() != '}') {
        return std::nullopt;
    }
    thread_local sj::parser parser;
    const std::size_t room = text.size() + simdjson::SIMDJSON_PADDING;
    char* const padded = arena.text(room);
    std::memcpy(padded, text.data(), text.size());
    std::memset(padded + text.size(), 0, simdjson::SIMDJSON_PADDING);
    sj::document document;
    sj::object object;
    if (parser.iterate(simdjson::padded_string_view(padded, text.size(), room)).get(document) !=
            simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    auto members = read_flat_members(object, padded + text.size(), arena);
    if (!members || document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        return std::nullopt;
    }
    return members;
}

}  // namespace spillway::transform
