#include "transform/field_names.h"

#include "transform/regex.h"
#include "transform/set_field.h"
#include "transform/unicode.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace spillway::transform {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\f\v";
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {"", 0};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Value name_list(Frame& frame, const Value& names) {
    if (names.is_list() || frame.has_failed) return names;
    if (!names.is_text()) {
        return frame.fail(
            fmt::format("field names must be text or a list, not {}", name_of(names.kind)));
    }
    ListBuilder list(frame.arena());
    auto rest = names.text();
    while (true) {
        const auto comma = rest.find(',');
        list.add(Value::of(trimmed(rest.substr(0, comma))));
        if (comma == std::string_view::npos) return list.done();
        rest.remove_prefix(comma + 1);
    }
}

void note_written_names(Compiler& compiler, const Expr* names) {
    auto& effects = compiler.effects();
    if (!names->is_constant || names->constant.kind == Kind::Dict) {
        effects.writes_unknown = true;
        return;
    }
    const Value& value = names->constant;
    if (value.is_list()) {
        for (const auto& item : *value.list) {
            if (item.is_text()) effects.writes.emplace(item.text());
        }
    } else if (value.is_text()) {
        auto rest = value.text();
        while (true) {
            const auto comma = rest.find(',');
            effects.writes.emplace(trimmed(rest.substr(0, comma)));
            if (comma == std::string_view::npos) return;
            rest.remove_prefix(comma + 1);
        }
    }
}

std::string literal_or_regex(std::string_view separator) {
    constexpr std::string_view kSpecial = "|.+*?^$()[]{}\\";
    const bool one_special =
        separator.size() == 1 && kSpecial.find(separator) != std::string_view::npos;
    return one_special ? "\\" + std::string(separator) : std::string(separator);
}

namespace {

/// Of the plain characters; 1 marks letters, which may come first.
constexpr std::array<std::uint8_t, 256> kNameCharacters = [] {
    std::array<std::uint8_t, 256> table{};
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = 1;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = 1;
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = 2;
    for (const char c : {'_', '.', '-'}) table[static_cast<unsigned char>(c)] = 2;
    return table;
}();

bool is_plain_name(std::string_view name) {
    if (name.empty() || kNameCharacters[static_cast<unsigned char>(name[0])] != 1) return false;
    for (const char c : name) {
        if (kNameCharacters[static_cast<unsigned char>(c)] == 0) return false;
    }
    return true;
}

}  // namespace

bool is_extractable_name(std::string_view name) {
    if (is_plain_name(name)) return true;
    // _*[letter][letter, digit, _ . -]*, where letters are ASCII or lie in U+0800..U+9FA5.
    const auto is_east_asian = [](std::uint32_t c) { return c >= 0x800 && c <= 0x9FA5; };
    std::size_t at = name.find_first_not_of('_');
    if (at == std::string_view::npos) return false;
    const auto first = next_code_point(name, at);
    const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    if (!letter && !is_east_asian(first)) return false;
    while (at < name.size()) {
        const auto c = next_code_point(name, at);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (plain || is_east_asian(c)) continue;
        if (!is_in(CharacterClass::Alpha, c) && !is_in(CharacterClass::Numeric, c)) return false;
    }
    return true;
}

}  // namespace spillway::transform
