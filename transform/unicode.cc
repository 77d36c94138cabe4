#include "transform/unicode.h"

#include "transform/lexer.h"
#include "transform/unicode_tables.h"

#include <algorithm>
#include <span>

namespace spillway::transform {

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const std::uint32_t first = byte(at);
    const auto follows = [&](std::size_t i) { return (byte(at + i) & 0xC0U) == 0x80U; };
    if (first < 0x80) {
        ++at;
        return first;
    }
    if (first >= 0xC2 && first < 0xE0 && follows(1)) {
        const std::uint32_t code = (first & 0x1FU) << 6U | (byte(at + 1) & 0x3FU);
        at += 2;
        return code;
    }
    if (first >= 0xE0 && first < 0xF0 && follows(1) && follows(2)) {
        const std::uint32_t code =
            (first & 0x0FU) << 12U | (byte(at + 1) & 0x3FU) << 6U | (byte(at + 2) & 0x3FU);
        if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) {
            at += 3;
            return code;
        }
    }
    if (first >= 0xF0 && first < 0xF5 && follows(1) && follows(2) && follows(3)) {
        const std::uint32_t code = (first & 0x07U) << 18U | (byte(at + 1) & 0x3FU) << 12U |
                                   (byte(at + 2) & 0x3FU) << 6U | (byte(at + 3) & 0x3FU);
        if (code >= 0x10000 && code <= 0x10FFFF) {
            at += 4;
            return code;
        }
    }
    ++at;
    return kStrayByte | first;
}

void append_code_point(std::string& out, std::uint32_t code_point) {
    if ((code_point & kStrayByte) != 0) {
        out += static_cast<char>(code_point & 0xFFU);
    } else {
        append_utf8(out, code_point);
    }
}

CodePoints::CodePoints(std::string_view text) : text_(text) {
    plain_ = std::all_of(text.begin(), text.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
    if (plain_) return;
    for (std::size_t at = 0; at < text.size();) {
        starts_.push_back(static_cast<std::uint32_t>(at));
        (void)next_code_point(text, at);
    }
    starts_.push_back(static_cast<std::uint32_t>(text.size()));
}

std::size_t CodePoints::place_of(std::size_t byte) const {
    if (plain_) return byte;
    return static_cast<std::size_t>(
        std::lower_bound(starts_.begin(), starts_.end(), static_cast<std::uint32_t>(byte)) -
        starts_.begin());
}

namespace {

std::span<const CodePointRange> ranges_of(CharacterClass kind) {
    switch (kind) {
        case CharacterClass::Alpha:
            return {kAlpha, kAlphaCount};
        case CharacterClass::Decimal:
            return {kDecimal, kDecimalCount};
        case CharacterClass::Digit:
            return {kDigit, kDigitCount};
        case CharacterClass::Numeric:
            return {kNumeric, kNumericCount};
        case CharacterClass::Space:
            return {kSpace, kSpaceCount};
        case CharacterClass::Printable:
            return {kPrintable, kPrintableCount};
        case CharacterClass::Lower:
            return {kLower, kLowerCount};
        case CharacterClass::Upper:
            return {kUpper, kUpperCount};
        case CharacterClass::TitleOnly:
            return {kTitleOnly, kTitleOnlyCount};
        case CharacterClass::NameStart:
            return {kNameStart, kNameStartCount};
        case CharacterClass::NamePart:
            return {kNamePart, kNamePartCount};
        case CharacterClass::Cased:
            return {kCased, kCasedCount};
    }
    return {};
}

std::uint32_t map_one(std::span<const CaseRun> runs, std::uint32_t c) {
    const auto after =
        std::upper_bound(runs.begin(), runs.end(), c,
                         [](std::uint32_t value, const CaseRun& run) { return value < run.first; });
    // Runs of step 2 may interleave, so look at a few of those that begin before c.
    auto run = after;
    for (int i = 0; i < 3 && run != runs.begin(); ++i) {
        --run;
        if (c <= run->last && (c - run->first) % run->step == 0) {
            return static_cast<std::uint32_t>(static_cast<std::int64_t>(c) + run->delta);
        }
    }
    return c;
}

struct CaseTable {
    std::span<const CaseRun> runs;
    std::span<const SpecialCase> special;
    bool to_upper_ascii;
};

const CaseTable& lower_table() {
    static const CaseTable table{
        {kToLower, kToLowerCount}, {kSpecialLower, kSpecialLowerCount}, false};
    return table;
}
const CaseTable& upper_table() {
    static const CaseTable table{
        {kToUpper, kToUpperCount}, {kSpecialUpper, kSpecialUpperCount}, true};
    return table;
}
const CaseTable& title_table() {
    static const CaseTable table{
        {kToTitle, kToTitleCount}, {kSpecialTitle, kSpecialTitleCount}, true};
    return table;
}
const CaseTable& fold_table() {
    static const CaseTable table{{kToFold, kToFoldCount}, {kSpecialFold, kSpecialFoldCount}, false};
    return table;
}

void append_mapped(std::string& out, const CaseTable& table, std::uint32_t c) {
    if (c < 0x80) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool lower = c >= 'a' && c <= 'z';
        if (table.to_upper_ascii && lower) c -= 32;
        if (!table.to_upper_ascii && upper) c += 32;
        out += static_cast<char>(c);
        return;
    }
    for (const auto& special : table.special) {
        if (special.from != c) continue;
        for (const auto to : special.to) {
            if (to != 0) append_utf8(out, to);
        }
        return;
    }
    append_code_point(out, (c & kStrayByte) != 0 ? c : map_one(table.runs, c));
}

constexpr std::uint32_t kCapitalSigma = 0x3A3;

/// A capital sigma at the end of a word becomes a final one.
bool is_final_sigma(std::string_view text, std::size_t begin, std::size_t end) {
    std::size_t previous = begin;
    while (previous > 0 && begin - previous < 4) {
        --previous;
        if ((static_cast<unsigned char>(text[previous]) & 0xC0U) != 0x80U) break;
    }
    if (previous == begin) return false;
    const bool before = is_in(CharacterClass::Cased, next_code_point(text, previous));
    if (!before || end >= text.size()) return before;
    return !is_in(CharacterClass::Cased, next_code_point(text, end));
}

void append_lower(std::string& out, std::string_view text, std::size_t begin, std::size_t end,
                  std::uint32_t c) {
    if (c == kCapitalSigma) {
        append_utf8(out, is_final_sigma(text, begin, end) ? 0x3C2 : 0x3C3);
    } else {
        append_mapped(out, lower_table(), c);
    }
}

std::string map_all(std::string_view text, const CaseTable& table) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();)
        append_mapped(out, table, next_code_point(text, at));
    return out;
}

}  // namespace

bool is_in(CharacterClass kind, std::uint32_t c) {
    const auto ranges = ranges_of(kind);
    const auto after = std::upper_bound(
        ranges.begin(), ranges.end(), c,
        [](std::uint32_t value, const CodePointRange& range) { return value < range.first; });
    return after != ranges.begin() && c <= std::prev(after)->last;
}

std::string lower_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const auto c = next_code_point(text, at);
        append_lower(out, text, begin, at, c);
    }
    return out;
}

std::string upper_text(std::string_view text) {
    return map_all(text, upper_table());
}
std::string fold_text(std::string_view text) {
    return map_all(text, fold_table());
}

std::string title_text(std::string_view text) {
    std::string out;
    bool in_word = false;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const auto c = next_code_point(text, at);
        if (in_word) {
            append_lower(out, text, begin, at, c);
        } else {
            append_mapped(out, title_table(), c);
        }
        in_word = is_in(CharacterClass::Cased, c);
    }
    return out;
}

std::string capitalize_text(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const auto c = next_code_point(text, at);
        if (begin == 0) {
            append_mapped(out, title_table(), c);
        } else {
            append_lower(out, text, begin, at, c);
        }
    }
    return out;
}

std::string swap_case_text(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const auto c = next_code_point(text, at);
        if (is_in(CharacterClass::Upper, c)) {
            append_lower(out, text, begin, at, c);
        } else {
            append_mapped(out, upper_table(), c);
        }
    }
    return out;
}

}  // namespace spillway::transform
