// URL, base64, digests, checksums, HTML.
#include "base/hash.h"
#include "base/text.h"
#include "transform/arguments.h"
#include "transform/registry.h"
#include "transform/unicode.h"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <zlib.h>

namespace spillway::transform {

namespace {

Value keep(Frame& frame, std::string_view text) {
    return Value::of(frame.arena().copy(text));
}

Value url_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? keep(frame, percent_encode(*text)) : Value::null();
}

Value url_decoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? keep(frame, percent_decode(*text, false)) : Value::null();
}

/// RFC4648 forgives missing padding; RFC3548, the older text, does not.
Value base64_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? keep(frame, to_base64(*text)) : Value::null();
}

Value base64_decoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto given = text_argument(frame, a[0]);
    if (!given) return Value::null();
    std::string text;
    for (const char c : *given) {
        if (c == '-') {
            text += '+';
        } else if (c == '_') {
            text += '/';
        } else if (c != '\n' && c != '\r' && c != ' ') {
            text += c;
        }
    }
    const bool lenient = to_lower(stored_text(a[1], frame.arena())) == "rfc4648";
    while (lenient && text.size() % 4 != 0 && text.size() % 4 != 1) text += '=';
    const auto bytes = from_base64(text);
    if (!bytes) return frame.fail("base64_decoding: the text is not base64");
    return keep(frame, *bytes);
}

Value md5_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto digest = md5(*text);
    if (to_lower(stored_text(a[1], frame.arena())) == "binary") {
        return Value::bytes(frame.arena().copy(digest));
    }
    return keep(frame, to_hex(digest));
}

Value sha1_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto format =
        a[1].is_null() ? std::string_view("SHA1") : stored_text(a[1], frame.arena());
    std::string name = to_lower(format);
    std::erase(name, '-');
    const auto bytes = named_digest(name, *text);
    if (!bytes) {
        return frame.fail(
            fmt::format("sha1_encoding: unknown format \"{}\"; SHA1, SHA224, SHA256, "
                        "SHA384 and SHA512 are known",
                        format));
    }
    return keep(frame, to_hex(*bytes));
}

Value crc32_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    std::string bytes(*text);
    if (to_lower(stored_text(a[1], frame.arena())) == "hex") {
        const auto decoded = from_hex(*text);
        if (!decoded) return frame.fail("crc32_encoding: the input is not hexadecimal");
        bytes = *decoded;
    }
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    return keep(frame, fmt::format("{:08x}", sum));
}

Value html_encoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    std::string out;
    for (const char c : *text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#x27;";
                break;
            default:
                out += c;
        }
    }
    return keep(frame, out);
}

struct Entity {
    std::string_view name;
    std::string_view text;
};

constexpr std::array kEntities = {
    Entity{"amp", "&"},        Entity{"lt", "<"},         Entity{"gt", ">"},
    Entity{"quot", "\""},      Entity{"apos", "'"},       Entity{"nbsp", "\u00A0"},
    Entity{"copy", "\u00A9"},  Entity{"reg", "\u00AE"},   Entity{"hellip", "\u2026"},
    Entity{"ndash", "\u2013"}, Entity{"mdash", "\u2014"}, Entity{"lsquo", "\u2018"},
    Entity{"rsquo", "\u2019"}, Entity{"ldquo", "\u201C"}, Entity{"rdquo", "\u201D"},
    Entity{"euro", "\u20AC"},  Entity{"times", "\u00D7"}, Entity{"middot", "\u00B7"},
};

bool append_entity(std::string& out, std::string_view name) {
    for (const auto& entity : kEntities) {
        if (entity.name != name) continue;
        out += entity.text;
        return true;
    }
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
    if (error != std::errc{} || end != name.data() + name.size() || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF)) {
        return false;
    }
    append_code_point(out, code);
    return true;
}

Value html_decoding(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    constexpr std::size_t kNameMax = 12;
    std::string out;
    for (std::size_t at = 0; at < text->size();) {
        const auto end =
            (*text)[at] == '&' ? text->substr(at, kNameMax).find(';') : std::string_view::npos;
        if (end != std::string_view::npos && append_entity(out, text->substr(at + 1, end - 1))) {
            at += end + 1;
        } else {
            out += (*text)[at++];
        }
    }
    return keep(frame, out);
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"url_encoding(value)",
     kCore,
     "Percent-encodes all but letters, digits and - _ . ~",
     {R"(url_encoding("a/b c"))", "{}", "a%2Fb%20c"},
     url_encoding},
    {"url_decoding(value)",
     kCore,
     "Undoes percent encoding.",
     {R"(url_decoding("a%2Fb"))", "{}", "a/b"},
     url_decoding},
    {"base64_encoding(value, format=null)",
     kCore,
     "Base64, with padding.",
     {R"(base64_encoding("hi"))", "{}", "aGk="},
     base64_encoding},
    {"base64_decoding(value, format=null)",
     kCore,
     "Undoes base64; padding may be missing with format=\"RFC4648\".",
     {R"(base64_decoding("aGk", "RFC4648"))", "{}", "hi"},
     base64_decoding},
    {"md5_encoding(value, format=\"hex\")",
     kCore,
     "MD5 as hexadecimal text, or as bytes (binary).",
     {R"(md5_encoding(""))", "{}", "d41d8cd98f00b204e9800998ecf8427e"},
     md5_encoding},
    {"sha1_encoding(value, format=null)",
     kCore,
     "SHA1, or SHA224, SHA256, SHA384, SHA512.",
     {R"(sha1_encoding(""))", "{}", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
     sha1_encoding},
    {"crc32_encoding(value, input_format=\"str\")",
     kMore,
     "CRC-32 as hexadecimal text.",
     {R"(crc32_encoding("123456789"))", "{}", "cbf43926"},
     crc32_encoding},
    {"html_encoding(value)",
     kMore,
     "Encodes & < > \" and '.",
     {R"(html_encoding("<a>"))", "{}", "&lt;a&gt;"},
     html_encoding},
    {"html_decoding(value)",
     kMore,
     "Decodes HTML entities.",
     {R"(html_decoding("&lt;a&#62;"))", "{}", "<a>"},
     html_decoding},
};

}  // namespace

std::span<const FunctionEntry> encoding_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
