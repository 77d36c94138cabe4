// Conversion between types.
#include "transform/arguments.h"
#include "transform/registry.h"
#include "transform/unicode.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// "0x1f" in base 16, "  12 ", "1_000": what Python's int(text, base) takes.
std::optional<Value> parse_int_text(std::string_view text, std::int64_t base, Arena& arena) {
    std::string ascii;
    text = ascii_number_text(text, ascii);
    std::string digits;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto has_prefix = [&](char letter) {
        return text.size() > 2 && text[0] == '0' && (text[1] == letter || text[1] == letter - 32);
    };
    if ((base == 16 || base == 0) && has_prefix('x')) text.remove_prefix(2), base = 16;
    if ((base == 8 || base == 0) && has_prefix('o')) text.remove_prefix(2), base = 8;
    if ((base == 2 || base == 0) && has_prefix('b')) text.remove_prefix(2), base = 2;
    if (base == 0) base = 10;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '_') {
            const bool between = i > 0 && i + 1 < text.size() && text[i - 1] != '_';
            if (!between) return std::nullopt;
            continue;
        }
        digits += text[i];
    }
    if (base == 10) {
        const bool plain = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
        // What does not fit 64 bits stays text: in the arena.
        return plain ? parse_number(arena.concat(negative ? "-" : "", digits), arena)
                     : std::nullopt;
    }
    std::int64_t number = 0;
    if (negative) digits.insert(0, "-");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                              static_cast<int>(base));
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return Value::of(number);
}

Value ct_int(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const Value& value = a[0];
    if (value.is_null()) return frame.warn();
    if (value.kind == Kind::Int || value.kind == Kind::BigInt) return value;
    if (value.kind == Kind::Bool) return Value::of(value.boolean ? 1 : 0);
    if (value.kind == Kind::Float) {
        if (!std::isfinite(value.real) || std::abs(value.real) > 9.2e18) {
            return frame.fail("ct_int: the number is too large");
        }
        return Value::of(static_cast<std::int64_t>(value.real));
    }
    if (!value.is_text() && value.kind != Kind::Bytes) {
        return frame.fail(fmt::format("ct_int: {} is no number", name_of(value.kind)));
    }
    const auto base = integer_argument(frame, self, a[1]);
    if (!base) return Value::null();
    if (*base != 0 && (*base < 2 || *base > 36))
        return frame.fail("ct_int: base must be 0 or 2 to 36");
    auto number = parse_int_text(value.text(), *base, frame.arena());
    if (!number) {
        return frame.fail(fmt::format("ct_int: \"{}\" is not an integer in base {}",
                                      value.text().substr(0, 80), *base));
    }
    return *number;
}

Value ct_float(Frame& frame, const Expr&, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    if (a[0].is_number()) return Value::of(as_double(a[0]));
    if (a[0].is_text() || a[0].kind == Kind::Bytes) {
        if (const auto number = parse_double(a[0].text())) return Value::of(*number);
        return frame.fail(
            fmt::format("ct_float: \"{}\" is not a number", a[0].text().substr(0, 80)));
    }
    return frame.fail(fmt::format("ct_float: {} is no number", name_of(a[0].kind)));
}

Value ct_str(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? Value::of(*text) : Value::null();
}

Value ct_bool(Frame&, const Expr&, const Value* a, std::size_t) {
    return Value::of(is_true(a[0]));
}

Value ct_chr(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    const auto number = integer_argument(frame, self, a[0]);
    if (!number) return Value::null();
    if (*number < 0 || *number > 0x10FFFF || (*number >= 0xD800 && *number <= 0xDFFF)) {
        return frame.fail(fmt::format("ct_chr: there is no character {}", *number));
    }
    std::string text;
    append_code_point(text, static_cast<std::uint32_t>(*number));
    return Value::of(frame.arena().copy(text));
}

Value ct_ord(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    if (CodePoints(*text).size() != 1) return frame.fail("ct_ord: exactly one character is needed");
    std::size_t at = 0;
    return Value::of(static_cast<std::int64_t>(next_code_point(*text, at) & ~kStrayByte));
}

template <int kBase>
Value based(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    const auto number = integer_argument(frame, self, a[0]);
    if (!number) return Value::null();
    char digits[72];
    const auto size =
        *number < 0 ? 0 - static_cast<std::uint64_t>(*number) : static_cast<std::uint64_t>(*number);
    const auto end = std::to_chars(digits, digits + sizeof digits, size, kBase).ptr;
    const std::string_view prefix = kBase == 16 ? "0x" : (kBase == 8 ? "0o" : "0b");
    return Value::of(frame.arena().copy(
        fmt::format("{}{}{}", *number < 0 ? "-" : "", prefix, std::string_view(digits, end))));
}

Value bin2oct(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto bytes = text_argument(frame, a[0]);
    if (!bytes) return Value::null();
    // The bytes as one large number, three bits at a time from the right.
    std::string digits;
    unsigned held = 0;
    unsigned bits = 0;
    for (std::size_t i = bytes->size(); i > 0; --i) {
        held |= static_cast<unsigned>(static_cast<unsigned char>((*bytes)[i - 1])) << bits;
        for (bits += 8; bits >= 3; bits -= 3, held >>= 3U) {
            digits.insert(digits.begin(), static_cast<char>('0' + (held & 7U)));
        }
        if (digits.size() > 1'000'000) return frame.fail("bin2oct: the text is too long");
    }
    if (held != 0) digits.insert(digits.begin(), static_cast<char>('0' + held));
    const auto first = digits.find_first_not_of('0');
    digits = first == digits.npos ? "0" : digits.substr(first);
    return Value::of(frame.arena().copy(digits));
}

Value bin2hex(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto bytes = text_argument(frame, a[0]);
    if (!bytes) return Value::null();
    std::string digits;
    for (const char c : *bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return Value::of(frame.arena().copy(digits));
}

constexpr FunctionEntry kFunctions[] = {
    {"ct_int(value, base:n=10)",
     FunctionTier::Core,
     "Text or a number as an integer; text that is none is the event's error.",
     {R"(ct_int("ff", base=16))", "{}", "255"},
     ct_int},
    {"ct_float(value)",
     FunctionTier::Core,
     "Text or a number as a float.",
     {R"(ct_float("2"))", "{}", "2.0"},
     ct_float},
    {"ct_str(value)",
     FunctionTier::Core,
     "Anything as text.",
     {R"(ct_str(b"ab"))", "{}", "ab"},
     ct_str},
    {"ct_bool(value)",
     FunctionTier::Core,
     "Whether the value is true: not null, 0 or empty.",
     {R"(ct_bool("0"))", "{}", "true"},
     ct_bool},
    {"ct_chr(number:n)",
     FunctionTier::More,
     "The character with that number.",
     {R"(ct_chr(65))", "{}", "A"},
     ct_chr},
    {"ct_ord(character)",
     FunctionTier::More,
     "The number of that character.",
     {R"(ct_ord("A"))", "{}", "65"},
     ct_ord},
    {"ct_hex(number:n)",
     FunctionTier::More,
     "Hexadecimal text.",
     {R"(ct_hex(123))", "{}", "0x7b"},
     based<16>},
    {"ct_oct(number:n)",
     FunctionTier::More,
     "Octal text.",
     {R"(ct_oct(123))", "{}", "0o173"},
     based<8>},
    {"ct_bin(number:n)",
     FunctionTier::More,
     "Binary text.",
     {R"(ct_bin(5))", "{}", "0b101"},
     based<2>},
    {"bin2oct(bytes)",
     FunctionTier::More,
     "Bytes as one octal number.",
     {R"(bin2oct(b"test"))", "{}", "16431271564"},
     bin2oct},
    {"bin2hex(bytes)",
     FunctionTier::More,
     "Bytes as hexadecimal text.",
     {R"(bin2hex(b"test"))", "{}", "74657374"},
     bin2hex},
};

}  // namespace

std::span<const FunctionEntry> convert_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
