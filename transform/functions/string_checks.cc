// Predicates on text, and its rarer conversions.
#include "base/hash.h"
#include "transform/arguments.h"
#include "transform/json.h"
#include "transform/regex.h"
#include "transform/registry.h"
#include "transform/unicode.h"

#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// Every character is in one of the classes, and there is one.
template <CharacterClass... kClasses>
Value all_in(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    for (std::size_t at = 0; at < text->size();) {
        const auto c = next_code_point(*text, at);
        if (!(is_in(kClasses, c) || ...)) return Value::of(false);
    }
    return Value::of(!text->empty());
}

/// At least one cased character, and none of the other case.
Value all_cased(Frame& frame, const Value& value, CharacterClass wanted, CharacterClass refused) {
    const auto text = text_argument(frame, value);
    if (!text) return Value::null();
    bool found = false;
    for (std::size_t at = 0; at < text->size();) {
        const auto c = next_code_point(*text, at);
        if (is_in(refused, c) || is_in(CharacterClass::TitleOnly, c)) return Value::of(false);
        found = found || is_in(wanted, c);
    }
    return Value::of(found);
}

Value str_islower(Frame& frame, const Expr&, const Value* a, std::size_t) {
    return all_cased(frame, a[0], CharacterClass::Lower, CharacterClass::Upper);
}
Value str_isupper(Frame& frame, const Expr&, const Value* a, std::size_t) {
    return all_cased(frame, a[0], CharacterClass::Upper, CharacterClass::Lower);
}

Value str_isascii(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    for (const char c : *text) {
        if (static_cast<unsigned char>(c) >= 0x80U) return Value::of(false);
    }
    return Value::of(true);
}

Value str_isprintable(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    for (std::size_t at = 0; at < text->size();) {
        if (!is_in(CharacterClass::Printable, next_code_point(*text, at))) return Value::of(false);
    }
    return Value::of(true);
}

Value str_isidentifier(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    bool first = true;
    for (std::size_t at = 0; at < text->size(); first = false) {
        const auto c = next_code_point(*text, at);
        if (!is_in(first ? CharacterClass::NameStart : CharacterClass::NamePart, c)) {
            return Value::of(false);
        }
    }
    return Value::of(!text->empty());
}

Value str_istitle(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    bool in_word = false;
    bool found = false;
    for (std::size_t at = 0; at < text->size();) {
        const auto c = next_code_point(*text, at);
        const bool capital = is_in(CharacterClass::Upper, c) || is_in(CharacterClass::TitleOnly, c);
        const bool small = is_in(CharacterClass::Lower, c);
        if ((capital && in_word) || (small && !in_word)) return Value::of(false);
        in_word = capital || small;
        found = found || in_word;
    }
    return Value::of(found);
}

/// Looks random, and is the same whenever the same log is transformed at the same page time.
Value str_uuid(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto now = static_cast<std::uint64_t>(frame.now.time_since_epoch().count());
    const std::uint64_t seed = now ^ (frame.seed * 0x9E3779B97F4A7C15ULL) ^ ++frame.uuid_count;
    const std::uint64_t high = hash64(frame.event->body(), seed);
    const std::uint64_t low = hash64(frame.event->body(), ~seed ^ high);
    const auto text =
        fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                    high & 0xFFFU, 0x8000U | ((low >> 48U) & 0x3FFFU), low & 0xFFFFFFFFFFFFULL);
    const auto kept = frame.arena().copy(is_true(a[0]) ? text : upper_text(text));
    return Value::of(kept);
}

/// What to do with a character or byte that does not fit.
bool append_misfit(std::string& out, std::uint32_t c, std::string_view errors) {
    if (errors == "strict") return false;
    if (errors == "replace") out += '?';
    if (errors == "xmlcharrefreplace") out += fmt::format("&#{};", c);
    return true;
}

std::optional<std::uint32_t> largest_of(std::string_view encoding) {
    const auto name = lower_text(encoding);
    if (name == "utf8" || name == "utf-8") return 0x10FFFF;
    if (name == "ascii" || name == "us-ascii") return 0x7F;
    if (name == "latin1" || name == "latin-1" || name == "iso-8859-1") return 0xFF;
    return std::nullopt;
}

Value str_encode(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto encoding = stored_text(a[1], frame.arena());
    const auto largest = largest_of(encoding);
    if (!largest) {
        return frame.fail(
            fmt::format("str_encode: the encoding \"{}\" is not available here; "
                        "utf8, ascii and latin1 are",
                        encoding));
    }
    std::string out;
    for (std::size_t at = 0; at < text->size();) {
        const auto c = next_code_point(*text, at);
        if (c > *largest) {
            if (!append_misfit(out, c & ~kStrayByte, stored_text(a[2], frame.arena()))) {
                return frame.fail("str_encode: a character does not fit the encoding");
            }
        } else if (*largest == 0xFF) {
            out += static_cast<char>(c);
        } else {
            append_code_point(out, c);
        }
    }
    return Value::bytes(frame.arena().copy(out));
}

Value str_decode(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto bytes = text_argument(frame, a[0]);
    if (!bytes) return Value::null();
    const auto largest = largest_of(stored_text(a[1], frame.arena()));
    if (!largest) return frame.fail("str_decode: only utf8, ascii and latin1 are available here");
    const auto errors = stored_text(a[2], frame.arena());
    std::string out;
    for (std::size_t at = 0; at < bytes->size();) {
        std::uint32_t c = static_cast<unsigned char>((*bytes)[at]);
        if (*largest == 0xFF) {
            ++at;
        } else {
            c = next_code_point(*bytes, at);
        }
        if (c <= *largest) {
            append_code_point(out, c);
        } else if (errors == "strict") {
            return frame.fail("str_decode: the bytes do not fit the encoding");
        } else if (errors == "replace") {
            append_code_point(out, 0xFFFD);
        }
    }
    return Value::of(frame.arena().copy(out));
}

/// "\xe4\xbd\xa0" written out becomes the bytes, and so the character.
Value str_hex_escape_encode(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    std::string out;
    for (std::size_t at = 0; at < text->size();) {
        unsigned byte = 0;
        const auto hex = text->substr(std::min(at + 2, text->size()), 2);
        const bool escape =
            text->substr(at).starts_with("\\x") && hex.size() == 2 &&
            std::from_chars(hex.data(), hex.data() + 2, byte, 16).ptr == hex.data() + 2;
        out += escape ? static_cast<char>(byte) : (*text)[at];
        at += escape ? 4 : 1;
    }
    return Value::of(frame.arena().copy(out));
}

/// {"a"=>"b", "c"=>[1, nil]}: a colon for each arrow outside of strings.
Value str_logstash_config_normalize(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < text->size(); ++i) {
        const char c = (*text)[i];
        if (quoted && c == '\\' && i + 1 < text->size()) {
            out += c;
            out += (*text)[++i];
            continue;
        }
        if (c == '"') quoted = !quoted;
        if (!quoted && text->substr(i).starts_with("=>")) {
            out += ':';
            ++i;
            continue;
        }
        out += c;
    }
    // Where that is JSON, it is written as all our JSON is.
    if (const auto json = parse_json_value(out, frame.arena())) {
        return Value::of(stored_text(*json, frame.arena()));
    }
    return Value::of(frame.arena().copy(out));
}

Value str_regex_escape(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? Value::of(frame.arena().copy(regex_escape(*text))) : Value::null();
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"str_isdigit(value)",
     kCore,
     "Whether all are digits, and there is one.",
     {R"(str_isdigit("42"))", "{}", "true"},
     all_in<CharacterClass::Digit>},
    {"str_isalpha(value)",
     kCore,
     "Whether all are letters.",
     {R"(str_isalpha("aé"))", "{}", "true"},
     all_in<CharacterClass::Alpha>},
    {"str_isalnum(value)",
     kCore,
     "Whether all are letters or digits.",
     {R"(str_isalnum("a 1"))", "{}", "false"},
     all_in<CharacterClass::Alpha, CharacterClass::Numeric>},
    {"str_isdecimal(value)",
     kCore,
     "Whether all are decimal digits.",
     {R"(str_isdecimal("4.2"))", "{}", "false"},
     all_in<CharacterClass::Decimal>},
    {"str_isnumeric(value)",
     kCore,
     "Whether all are numeric characters.",
     {R"(str_isnumeric("½"))", "{}", "true"},
     all_in<CharacterClass::Numeric>},
    {"str_islower(value)",
     kCore,
     "Whether there are letters, none of them upper case.",
     {R"(str_islower("ab1"))", "{}", "true"},
     str_islower},
    {"str_isupper(value)",
     kCore,
     "Whether there are letters, none of them lower case.",
     {R"(str_isupper("AB1"))", "{}", "true"},
     str_isupper},
    {"str_isspace(value)",
     kCore,
     "Whether all are blanks, and there is one.",
     {R"(str_isspace(""))", "{}", "false"},
     all_in<CharacterClass::Space>},
    {"str_isascii(value)",
     kMore,
     "Whether all are ASCII.",
     {R"(str_isascii("é"))", "{}", "false"},
     str_isascii},
    {"str_isidentifier(value)",
     kMore,
     "Whether it could be a name in Python.",
     {R"(str_isidentifier("a_1"))", "{}", "true"},
     str_isidentifier},
    {"str_isprintable(value)",
     kMore,
     "Whether all can be printed.",
     {R"(str_isprintable("a\n"))", "{}", "false"},
     str_isprintable},
    {"str_istitle(value)",
     kMore,
     "Whether each word has one capital letter, in front.",
     {R"(str_istitle("One Two"))", "{}", "true"},
     str_istitle},
    {"str_uuid(lower=True)",
     kMore,
     "A UUID that looks random; the same log gives the same one.",
     {R"(op_len(str_uuid()))", "{}", "36"},
     str_uuid,
     nullptr,
     nullptr,
     false},
    {"str_encode(value, encoding=\"utf8\", errors=\"ignore\")",
     kMore,
     "Text to bytes.",
     {R"(bin2hex(str_encode("é", "utf8")))", "{}", "c3a9"},
     str_encode},
    {"str_decode(value, encoding=\"utf8\", errors=\"ignore\")",
     kMore,
     "Bytes to text.",
     {R"(str_decode(b"abc", "utf8"))", "{}", "abc"},
     str_decode},
    {"str_hex_escape_encode(value)",
     kMore,
     R"(Turns \xe4\xbd\xa0 written out into characters.)",
     {R"(str_hex_escape_encode(r"\xc3\xa9"))", "{}", "é"},
     str_hex_escape_encode},
    {"str_logstash_config_normalize(value)",
     kMore,
     "Turns Logstash's a => b into JSON.",
     {R"j(str_logstash_config_normalize('{"a"=>"b"}'))j", "{}", R"({"a": "b"})"},
     str_logstash_config_normalize},
    {"str_logtash_config_normalize(value)",
     kMore,
     "Another spelling of the same function.",
     {R"j(str_logtash_config_normalize('{"a"=>1}'))j", "{}", R"({"a": 1})"},
     str_logstash_config_normalize},
    {"str_regex_escape(value)",
     kMore,
     "Puts a backslash before what is special in a pattern.",
     {R"(str_regex_escape("a.b"))", "{}", R"(a\.b)"},
     str_regex_escape},
};

}  // namespace

std::span<const FunctionEntry> string_check_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
