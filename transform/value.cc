#include "transform/value.h"

#include "base/hash.h"
#include "transform/time_value.h"
#include "transform/unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace spillway::transform {

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::Null:
            return "null";
        case Kind::Bool:
            return "a truth value";
        case Kind::Int:
        case Kind::BigInt:
            return "an integer";
        case Kind::Float:
            return "a float";
        case Kind::String:
            return "text";
        case Kind::Bytes:
            return "bytes";
        case Kind::List:
            return "a list";
        case Kind::Tuple:
            return "a tuple";
        case Kind::Dict:
            return "a dict";
        case Kind::Table:
            return "a table";
        case Kind::DateTime:
            return "a date-time";
        case Kind::Weekday:
            return "a weekday";
    }
    return "a value";
}

namespace {

template <class Set>
Value make(Kind kind, Set set) {
    Value value;
    value.kind = kind;
    set(value);
    return value;
}

Value make_text(Kind kind, std::string_view text) {
    return make(kind, [&](Value& value) {
        value.chars = text.data();
        value.size = text.size();
    });
}

}  // namespace

Value Value::of(bool value) {
    return make(Kind::Bool, [&](Value& made) { made.boolean = value; });
}
Value Value::of(std::int64_t value) {
    return make(Kind::Int, [&](Value& made) { made.integer = value; });
}
Value Value::of(double value) {
    return make(Kind::Float, [&](Value& made) { made.real = value; });
}
Value Value::of(std::string_view text) {
    return make_text(Kind::String, text);
}
Value Value::bytes(std::string_view bytes) {
    return make_text(Kind::Bytes, bytes);
}
Value Value::big_int(std::string_view digits) {
    return make_text(Kind::BigInt, digits);
}
Value Value::of(const List* list, bool tuple) {
    return make(tuple ? Kind::Tuple : Kind::List, [&](Value& made) { made.list = list; });
}
Value Value::of(const Dict* dict) {
    return make(Kind::Dict, [&](Value& made) { made.dict = dict; });
}
Value Value::of(const Table* table) {
    return make(Kind::Table, [&](Value& made) { made.table = table; });
}
Value Value::of(const DateTime* time) {
    return make(Kind::DateTime, [&](Value& made) { made.time = time; });
}

std::optional<std::size_t> Table::column_of(std::string_view name) const {
    for (std::size_t i = 0; i < column_count; ++i) {
        if (columns[i] == name) return i;
    }
    return std::nullopt;
}

bool is_true(const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            return false;
        case Kind::Bool:
            return value.boolean;
        case Kind::Int:
            return value.integer != 0;
        case Kind::Float:
            return value.real != 0;
        case Kind::BigInt:
        case Kind::DateTime:
        case Kind::Table:
        case Kind::Weekday:
            return true;
        case Kind::String:
        case Kind::Bytes:
            return value.size != 0;
        case Kind::List:
        case Kind::Tuple:
            return value.list->size != 0;
        case Kind::Dict:
            return value.dict->size != 0;
    }
    return false;
}

double as_double(const Value& number) {
    switch (number.kind) {
        case Kind::Bool:
            return number.boolean ? 1 : 0;
        case Kind::Int:
            return static_cast<double>(number.integer);
        case Kind::Float:
            return number.real;
        case Kind::BigInt:
            return parse_double(number.text()).value_or(0);
        default:
            return 0;
    }
}

namespace {

std::optional<std::int64_t> as_small_int(const Value& number) {
    if (number.kind == Kind::Int) return number.integer;
    if (number.kind == Kind::Bool) return number.boolean ? 1 : 0;
    return std::nullopt;
}

int sign_of_difference(double left, double right) {
    return left < right ? -1 : (left > right ? 1 : 0);
}

int compare_big(std::string_view left, std::string_view right) {
    const bool left_negative = left.starts_with('-');
    const bool right_negative = right.starts_with('-');
    if (left_negative != right_negative) return left_negative ? -1 : 1;
    int order = 0;
    if (left.size() != right.size()) {
        order = left.size() < right.size() ? -1 : 1;
    } else {
        order = left.compare(right) < 0 ? -1 : (left == right ? 0 : 1);
    }
    return left_negative ? -order : order;
}

int compare_numbers(const Value& left, const Value& right) {
    const auto left_int = as_small_int(left);
    const auto right_int = as_small_int(right);
    if (left_int && right_int) {
        return *left_int < *right_int ? -1 : (*left_int > *right_int ? 1 : 0);
    }
    if (left.kind == Kind::BigInt && right.kind == Kind::BigInt) {
        return compare_big(left.text(), right.text());
    }
    return sign_of_difference(as_double(left), as_double(right));
}

bool equal_lists(const List& left, const List& right) {
    return left.size == right.size && std::equal(left.begin(), left.end(), right.begin(), equal);
}

bool equal_dicts(const Dict& left, const Dict& right) {
    if (left.size != right.size) return false;
    return std::all_of(left.begin(), left.end(), [&](const DictEntry& entry) {
        const Value* other = right.find(entry.key);
        return other != nullptr && equal(entry.value, *other);
    });
}

std::uint64_t hash_of(const Value& key) {
    if (key.kind == Kind::String || key.kind == Kind::Bytes) return hash64(key.text());
    if (key.is_number()) {
        const double number = as_double(key);
        return hash64({reinterpret_cast<const char*>(&number), sizeof number}, 1);
    }
    return static_cast<std::uint64_t>(key.kind);
}

}  // namespace

bool equal(const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) {
        const bool nan = (left.kind == Kind::Float && std::isnan(left.real)) ||
                         (right.kind == Kind::Float && std::isnan(right.real));
        return !nan && compare_numbers(left, right) == 0;
    }
    if (left.kind != right.kind) return false;
    switch (left.kind) {
        case Kind::Null:
            return true;
        case Kind::String:
        case Kind::Bytes:
            return left.text() == right.text();
        case Kind::List:
        case Kind::Tuple:
            return equal_lists(*left.list, *right.list);
        case Kind::Dict:
            return equal_dicts(*left.dict, *right.dict);
        case Kind::DateTime:
            return same_instant(*left.time, *right.time);
        case Kind::Weekday:
            return left.integer == right.integer && left.size == right.size;
        case Kind::Table:
            return left.table == right.table;
        default:
            return false;
    }
}

std::optional<int> compare(const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) return compare_numbers(left, right);
    if (left.kind != right.kind) return std::nullopt;
    if (left.kind == Kind::String || left.kind == Kind::Bytes) {
        // UTF-8 orders as its code points do.
        const int order = left.text().compare(right.text());
        return order < 0 ? -1 : (order > 0 ? 1 : 0);
    }
    if (left.is_list()) {
        for (std::size_t i = 0; i < std::min(left.list->size, right.list->size); ++i) {
            if (equal(left.list->items[i], right.list->items[i])) continue;
            return compare(left.list->items[i], right.list->items[i]);
        }
        return left.list->size < right.list->size ? -1 : (left.list->size > right.list->size);
    }
    if (left.kind == Kind::DateTime) return compare_times(*left.time, *right.time);
    return std::nullopt;
}

const Value* Dict::find(const Value& key) const {
    if (index != nullptr) {
        for (std::size_t at = hash_of(key) & index_mask; index[at] != 0;
             at = (at + 1) & index_mask) {
            if (equal(items[index[at] - 1].key, key)) return &items[index[at] - 1].value;
        }
        return nullptr;
    }
    if (key.kind == Kind::String) {  // names of fields and members: nearly always
        const auto text = key.text();
        for (const auto& entry : *this) {
            const Value& other = entry.key;
            if (other.kind != Kind::String || other.size != key.size) continue;
            if (text.empty() || (other.chars[0] == text[0] && other.text() == text)) {
                return &entry.value;
            }
        }
        return nullptr;
    }
    for (const auto& entry : *this) {
        if (equal(entry.key, key)) return &entry.value;
    }
    return nullptr;
}

const Value* Dict::find(std::string_view key) const {
    return find(Value::of(key));
}

std::string float_text(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
    std::string_view scientific(buffer, static_cast<std::size_t>(end - buffer));
    const auto e = scientific.find('e');
    int exponent = 0;
    const char* exponent_at = scientific.data() + e + 1;
    if (*exponent_at == '+') ++exponent_at;
    std::from_chars(exponent_at, end, exponent);
    if (exponent < -4 || exponent >= 16) {
        return fmt::format("{}e{}{:02}", scientific.substr(0, e), exponent < 0 ? "-" : "+",
                           std::abs(exponent));
    }
    char fixed[64];
    const auto fixed_end =
        std::to_chars(fixed, fixed + sizeof fixed, number, std::chars_format::fixed).ptr;
    std::string text(fixed, fixed_end);
    if (text.find('.') == std::string::npos) text += ".0";
    return text;
}

std::string_view stored_text(const Value& value, Arena& arena) {
    switch (value.kind) {
        case Kind::Null:
            return {"", 0};
        case Kind::String:
        case Kind::Bytes:
        case Kind::BigInt:
            return value.text();
        case Kind::Bool:
            return value.boolean ? "true" : "false";
        case Kind::Int: {
            char digits[24];
            const auto end = std::to_chars(digits, digits + sizeof digits, value.integer).ptr;
            return arena.copy({digits, static_cast<std::size_t>(end - digits)});
        }
        case Kind::Float:
            return arena.copy(float_text(value.real));
        case Kind::DateTime:
            return arena.copy(text_of(*value.time));
        default: {
            std::string text;
            append_json(text, value);
            return arena.copy(text);
        }
    }
}

void append_json_text(std::string& out, std::string_view text) {
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            default:
                out += fmt::format("\\u{:04x}", c);
        }
    }
    out.append(text, plain);
    out += '"';
}

namespace {

void append_json_key(std::string& out, const Value& key) {
    if (key.is_text()) return append_json_text(out, key.text());
    std::string text;
    append_json(text, key);
    if (text.starts_with('"')) {
        out += text;
    } else {
        append_json_text(out, text);
    }
}

void append_json_float(std::string& out, double number) {
    if (std::isnan(number)) {
        out += "NaN";
    } else if (std::isinf(number)) {
        out += number < 0 ? "-Infinity" : "Infinity";
    } else {
        out += float_text(number);
    }
}

void append_json_table(std::string& out, const Table& table) {
    out += '[';
    for (std::size_t row = 0; row < table.row_count; ++row) {
        out += row == 0 ? "{" : ", {";
        for (std::size_t column = 0; column < table.column_count; ++column) {
            if (column != 0) out += ", ";
            append_json_text(out, table.columns[column]);
            out += ": ";
            append_json_text(out, table.cell(row, column));
        }
        out += '}';
    }
    out += ']';
}

}  // namespace

void append_json(std::string& out, const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            out += "null";
            return;
        case Kind::Bool:
            out += value.boolean ? "true" : "false";
            return;
        case Kind::Int:
        case Kind::Weekday:
            out += std::to_string(value.integer);
            return;
        case Kind::BigInt:
            out += value.text();
            return;
        case Kind::Float:
            append_json_float(out, value.real);
            return;
        case Kind::String:
        case Kind::Bytes:
            append_json_text(out, value.text());
            return;
        case Kind::DateTime:
            append_json_text(out, text_of(*value.time));
            return;
        case Kind::Table:
            append_json_table(out, *value.table);
            return;
        case Kind::List:
        case Kind::Tuple:
            out += '[';
            for (std::size_t i = 0; i < value.list->size; ++i) {
                if (i != 0) out += ", ";
                append_json(out, value.list->items[i]);
            }
            out += ']';
            return;
        case Kind::Dict:
            out += '{';
            for (std::size_t i = 0; i < value.dict->size; ++i) {
                if (i != 0) out += ", ";
                append_json_key(out, value.dict->items[i].key);
                out += ": ";
                append_json(out, value.dict->items[i].value);
            }
            out += '}';
            return;
    }
}

namespace {

std::string_view strip_blanks(std::string_view text) {
    const char* const blanks = " \t\n\r\f\v";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Their digits come in tens, zero first.
char ascii_digit(std::uint32_t code_point) {
    std::uint32_t before = 0;
    while (is_in(CharacterClass::Decimal, code_point - before - 1)) ++before;
    return static_cast<char>('0' + before % 10);
}

/// "1_000" as "1000": an underscore may stand between two digits. Elsewhere it stays, and is wrong.
std::string_view without_underscores(std::string_view text, std::string& room) {
    if (text.find('_') == std::string_view::npos) return text;
    std::string joined;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool between =
            i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) && is_digit(text[i + 1]);
        if (text[i] != '_' || !between) joined += text[i];
    }
    room = std::move(joined);
    return room;
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view ascii_number_text(std::string_view text, std::string& room) {
    const bool plain = std::all_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (plain) return strip_blanks(text);
    room.clear();
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const std::uint32_t c = next_code_point(text, at);
        if (c < 0x80) {
            room += static_cast<char>(c);
        } else if (is_in(CharacterClass::Decimal, c)) {
            room += ascii_digit(c);
        } else if (is_in(CharacterClass::Space, c)) {
            room += ' ';
        } else {
            room.append(text.substr(begin, at - begin));
        }
    }
    return strip_blanks(room);
}

std::optional<double> parse_double(std::string_view text) {
    std::string room;
    text = without_underscores(ascii_number_text(text, room), room);
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end != text.data() + text.size() || text.empty()) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        // from_chars leaves the number alone: too large or too small is told by the exponent.
        const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
        const double limit = tiny ? 0.0 : HUGE_VAL;
        return text.starts_with('-') ? -limit : limit;
    }
    if (error != std::errc{}) return std::nullopt;
    return number;
}

std::optional<Value> parse_number(std::string_view text, Arena& arena) {
    std::string room;
    text = without_underscores(ascii_number_text(text, room), room);
    if (!room.empty()) text = arena.copy(text);
    std::string_view digits = text;
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    if (all_digits(digits)) {
        while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
        const std::string_view whole =
            negative && digits != "0" ? arena.concat("-", digits) : digits;
        std::int64_t number = 0;
        const auto parsed = std::from_chars(whole.data(), whole.data() + whole.size(), number);
        if (parsed.ec == std::errc{}) return Value::of(number);
        return Value::big_int(whole);
    }
    if (const auto real = parse_double(text)) return Value::of(*real);
    return std::nullopt;
}

void ListBuilder::add(const Value& value) {
    if (list_.size == capacity_) {
        const std::size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
        auto* items = arena_.array<Value>(capacity);
        std::copy(list_.begin(), list_.end(), items);
        list_.items = items;
        capacity_ = capacity;
    }
    list_.items[list_.size++] = value;
}

Value ListBuilder::done(bool tuple) {
    auto* list = arena_.array<List>(1);
    *list = list_;
    return Value::of(list, tuple);
}

void DictBuilder::grow() {
    const std::size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
    auto* items = arena_.array<DictEntry>(capacity);
    std::copy(dict_.begin(), dict_.end(), items);
    dict_.items = items;
    capacity_ = capacity;
    if (capacity < 32) return;
    dict_.index_mask = capacity * 2 - 1;
    index_ = arena_.array<std::uint32_t>(capacity * 2);
    std::fill_n(index_, capacity * 2, 0U);
    dict_.index = index_;
    for (std::size_t i = 0; i < dict_.size; ++i) index_entry(i);
}

void DictBuilder::index_entry(std::size_t place) {
    std::size_t at = hash_of(dict_.items[place].key) & dict_.index_mask;
    while (index_[at] != 0) at = (at + 1) & dict_.index_mask;
    index_[at] = static_cast<std::uint32_t>(place + 1);
}

void DictBuilder::set(const Value& key, const Value& value) {
    if (const Value* old = dict_.find(key)) {
        *const_cast<Value*>(old) = value;
        return;
    }
    if (dict_.size == capacity_) grow();
    dict_.items[dict_.size] = {key, value};
    if (index_ != nullptr) index_entry(dict_.size);
    ++dict_.size;
}

Value DictBuilder::done() {
    auto* dict = arena_.array<Dict>(1);
    *dict = dict_;
    return Value::of(dict);
}

}  // namespace spillway::transform
