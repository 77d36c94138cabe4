// [[fill]align][sign][#][0][width][,|_][.precision][type], as Python reads it.
#include "transform/str_format.h"

#include "transform/unicode.h"

#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Error wrong(std::string message) {
    return make_error(ErrorCode::InvalidArgument, std::move(message));
}

struct Spec {
    std::string fill = " ";
    char align = 0;
    bool pads_zeros = false;  ///< between a number's sign and its digits
    char sign = 0;
    bool alternate = false;
    std::size_t width = 0;
    char grouping = 0;
    std::optional<int> precision;
    char type = 0;
};

Result<Spec> parse_spec(std::string_view text) {
    Spec spec;
    const auto is_align = [](char c) { return c == '<' || c == '>' || c == '=' || c == '^'; };
    std::size_t first = 0;
    bool fill_given = false;
    if (!text.empty()) (void)next_code_point(text, first);
    if (first > 0 && first < text.size() && is_align(text[first])) {
        spec.fill = text.substr(0, first);
        fill_given = true;
        spec.align = text[first];
        text.remove_prefix(first + 1);
    } else if (!text.empty() && is_align(text[0])) {
        spec.align = text[0];
        text.remove_prefix(1);
    }
    const auto take = [&](char c) {
        if (!text.starts_with(c)) return false;
        text.remove_prefix(1);
        return true;
    };
    for (const char sign : {'+', '-', ' '}) {
        if (take(sign)) spec.sign = sign;
    }
    spec.alternate = take('#');
    if (take('0')) {
        if (!fill_given) spec.fill = "0";
        spec.pads_zeros = spec.align == 0;
    }
    const auto number = [&](auto& to) {
        const auto end = std::from_chars(text.data(), text.data() + text.size(), to).ptr;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    };
    number(spec.width);
    if (take(',')) spec.grouping = ',';
    if (take('_')) spec.grouping = '_';
    if (take('.')) {
        int precision = -1;
        number(precision);
        if (precision < 0) return wrong("a precision is missing behind \".\"");
        spec.precision = precision;
    }
    if (!text.empty()) {
        spec.type = text[0];
        text.remove_prefix(1);
    }
    constexpr std::size_t kWidthMax = 1'000'000;
    if (!text.empty() || spec.width > kWidthMax || spec.precision.value_or(0) > 1000) {
        return wrong("the format specification is wrong");
    }
    return spec;
}

void append_padded(std::string& out, std::string_view sign, std::string_view body, const Spec& spec,
                   char default_align) {
    const char numeric = spec.pads_zeros && default_align == '>' ? '=' : default_align;
    const char align = spec.align == 0 ? numeric : spec.align;
    const std::size_t size = CodePoints(sign).size() + CodePoints(body).size();
    const std::size_t missing = spec.width > size ? spec.width - size : 0;
    const auto fill = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) out += spec.fill;
    };
    const std::size_t before = align == '>' ? missing : (align == '^' ? missing / 2 : 0);
    fill(before);
    out += sign;
    if (align == '=') fill(missing);
    out += body;
    if (align == '<' || align == '^') fill(missing - before);
}

std::string group_digits(std::string_view digits, char separator, std::size_t every) {
    std::size_t whole = 0;
    while (whole < digits.size() && std::isalnum(static_cast<unsigned char>(digits[whole])))
        ++whole;
    std::string out;
    for (std::size_t i = 0; i < whole; ++i) {
        if (i > 0 && (whole - i) % every == 0) out += separator;
        out += digits[i];
    }
    return out.append(digits.substr(whole));
}

std::string_view sign_text(bool negative, const Spec& spec) {
    if (negative) return "-";
    return spec.sign == '+' ? "+" : (spec.sign == ' ' ? " " : "");
}

Status append_integer(std::string& out, const Value& value, const Spec& spec) {
    const std::int64_t number = value.kind == Kind::Bool ? value.boolean : value.integer;
    const bool negative = number < 0;
    const std::uint64_t size =
        negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    std::string body;
    std::size_t every = 3;
    std::string prefix;
    switch (spec.type) {
        case 0:
        case 'd':
        case 'n':
            body = std::to_string(size);
            break;
        case 'x':
        case 'X':
            body = spec.type == 'x' ? fmt::format("{:x}", size) : fmt::format("{:X}", size);
            prefix = spec.type == 'x' ? "0x" : "0X";
            every = 4;
            break;
        case 'o':
            body = fmt::format("{:o}", size);
            prefix = "0o";
            every = 4;
            break;
        case 'b':
            body = fmt::format("{:b}", size);
            prefix = "0b";
            every = 4;
            break;
        case 'c':
            if (number < 0 || number > 0x10FFFF) return wrong("{:c} needs a character's number");
            append_code_point(body, static_cast<std::uint32_t>(number));
            append_padded(out, "", body, spec, '<');
            return {};
        default:
            return wrong(fmt::format("a number has no format \"{}\"", spec.type));
    }
    if (spec.precision) return wrong("an integer has no precision");
    if (spec.grouping != 0) body = group_digits(body, spec.grouping, every);
    std::string sign(sign_text(negative, spec));
    if (spec.alternate) sign += prefix;
    append_padded(out, sign, body, spec, '>');
    return {};
}

/// {:g} and its relatives, by C's printf, which Python follows.
std::string real_text(double size, const Spec& spec) {
    char format[16];
    char buffer[1500];
    const char type = spec.type == 'n' ? 'g' : (spec.type == 'F' ? 'F' : spec.type);
    std::snprintf(format, sizeof format, "%s.*%c", spec.alternate ? "%#" : "%", type);
    int precision = spec.precision.value_or(6);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    std::snprintf(buffer, sizeof buffer, format, precision, size);
#pragma GCC diagnostic pop
    return buffer;
}

Status append_real(std::string& out, double number, Spec spec) {
    const bool negative = std::signbit(number) && !std::isnan(number);
    const double size = std::abs(number);
    std::string body;
    if (spec.type == '%') {
        Spec percent = spec;
        percent.type = 'f';
        body = real_text(size * 100, percent) + "%";
    } else if (spec.type == 0) {
        if (spec.precision) {
            Spec general = spec;
            general.type = 'g';
            body = real_text(size, general);
            if (body.find_first_of(".en") == std::string::npos) body += ".0";
        } else {
            body = float_text(size);
        }
    } else if (std::string_view("eEfFgGn").find(spec.type) != std::string_view::npos) {
        body = real_text(size, spec);
    } else {
        return wrong(fmt::format("a number has no format \"{}\"", spec.type));
    }
    if (spec.grouping != 0) body = group_digits(body, spec.grouping, 3);
    append_padded(out, sign_text(negative, spec), body, spec, '>');
    return {};
}

Status append_value(std::string& out, const Value& value, std::string_view spec_text,
                    Arena& arena) {
    if (spec_text.empty()) {
        out += value.is_null() ? std::string_view("None") : stored_text(value, arena);
        return {};
    }
    const auto spec = parse_spec(spec_text);
    if (!spec) return spec.error();
    constexpr std::string_view kRealTypes = "eEfFgG%";
    const bool as_real = spec->type != 0 && kRealTypes.find(spec->type) != std::string_view::npos;
    if (value.kind == Kind::Float || (value.is_number() && as_real)) {
        return append_real(out, as_double(value), *spec);
    }
    if (value.kind == Kind::Int || value.kind == Kind::Bool)
        return append_integer(out, value, *spec);
    if (spec->type != 0 && spec->type != 's') {
        return wrong(fmt::format("{} has no format \"{}\"", name_of(value.kind), spec->type));
    }
    if (spec->grouping != 0 || spec->sign != 0 || spec->alternate || spec->align == '=') {
        return wrong(
            fmt::format("{} has no sign, digit groups or alternate form", name_of(value.kind)));
    }
    auto text = value.is_null() ? std::string_view("None") : stored_text(value, arena);
    if (spec->precision) {
        const CodePoints points(text);
        const auto size = std::min(points.size(), static_cast<std::size_t>(*spec->precision));
        text = text.substr(0, points.byte_of(size));
    }
    append_padded(out, "", text, *spec, '<');
    return {};
}

void append_repr(std::string& out, std::uint32_t c, char quote, bool ascii) {
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
        out += '\\';
        out += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        out += c == '\n' ? "\\n" : (c == '\r' ? "\\r" : "\\t");
    } else if (c < 0x7F ? c >= 0x20 : (!ascii && is_in(CharacterClass::Printable, c))) {
        append_code_point(out, c);
    } else if (c <= 0xFF) {
        out += fmt::format("\\x{:02x}", c);
    } else if (c <= 0xFFFF) {
        out += fmt::format("\\u{:04x}", c);
    } else {
        out += fmt::format("\\U{:08x}", c);
    }
}

/// Python's repr() and ascii(): text in quotes, with escapes.
std::string repr_text(const Value& value, bool ascii, Arena& arena) {
    if (value.is_null()) return "None";
    if (value.kind == Kind::Bool) return value.boolean ? "True" : "False";
    const auto text = stored_text(value, arena);
    if (!value.is_text() && value.kind != Kind::Bytes) return std::string(text);
    const bool has_single = text.find('\'') != std::string_view::npos;
    const bool has_double = text.find('"') != std::string_view::npos;
    const char quote = has_single && !has_double ? '"' : '\'';
    std::string out = value.is_text() ? "" : "b";
    out += quote;
    for (std::size_t at = 0; at < text.size();) {
        const std::uint32_t byte = static_cast<unsigned char>(text[at]);
        const bool by_bytes = !value.is_text();
        const std::uint32_t c = by_bytes ? byte : next_code_point(text, at) & ~kStrayByte;
        if (by_bytes) ++at;
        append_repr(out, c, quote, ascii || by_bytes);
    }
    return out + quote;
}

class Formatter {
  public:
    Formatter(std::string& out, const Value* values, std::size_t count, Arena& arena)
        : out_(out), values_(values), count_(count), arena_(arena) {}

    Status run(std::string_view format) {
        for (std::size_t at = 0; at < format.size();) {
            const char c = format[at];
            if ((c == '{' || c == '}') && at + 1 < format.size() && format[at + 1] == c) {
                out_ += c;
                at += 2;
            } else if (c == '{') {
                const auto close = closing(format, at);
                if (close == std::string_view::npos) return wrong("a { is never closed");
                auto done = field(format.substr(at + 1, close - at - 1));
                if (!done) return done;
                at = close + 1;
            } else if (c == '}') {
                return wrong("a single } needs to be written }}");
            } else {
                out_ += c;
                ++at;
            }
            if (out_.size() > 16U * 1024 * 1024) return wrong("the text is too long");
        }
        return {};
    }

  private:
    static std::size_t closing(std::string_view format, std::size_t open) {
        int depth = 0;
        for (std::size_t i = open; i < format.size(); ++i) {
            if (format[i] == '{') ++depth;
            if (format[i] == '}' && --depth == 0) return i;
        }
        return std::string_view::npos;
    }

    Result<Value> value(std::string_view name) {
        std::size_t place = next_;
        const auto numbering = name.empty() ? Numbering::Automatic : Numbering::Given;
        if (numbering_ != Numbering::None && numbering_ != numbering) {
            return wrong("{} and {0} cannot be mixed");
        }
        numbering_ = numbering;
        if (name.empty()) {
            ++next_;
        } else {
            const auto [end, error] =
                std::from_chars(name.data(), name.data() + name.size(), place);
            if (error != std::errc{} || end != name.data() + name.size()) {
                return wrong(fmt::format("\"{{{}}}\" is no place of a value", name));
            }
        }
        if (place >= count_) return wrong(fmt::format("there is no value for place {}", place));
        return values_[place];
    }

    Status field(std::string_view inside) {
        const auto colon = inside.find(':');
        auto name = inside.substr(0, colon);
        std::string_view conversion;
        if (const auto mark = name.find('!'); mark != std::string_view::npos) {
            conversion = name.substr(mark + 1);
            name = name.substr(0, mark);
            if (conversion != "r" && conversion != "s" && conversion != "a") {
                return wrong(
                    fmt::format("\"!{}\" is no conversion: !r, !s and !a are", conversion));
            }
        }
        auto found = value(name);
        if (!found) return found.error();
        if (conversion == "s") found = Value::of(stored_text(*found, arena_));
        if (conversion == "r" || conversion == "a") {
            found = Value::of(arena_.copy(repr_text(*found, conversion == "a", arena_)));
        }
        std::string spec;
        if (colon != std::string_view::npos) {
            // Values within the specification: "{:>{}}".
            Formatter nested(spec, values_, count_, arena_);
            nested.next_ = next_;
            nested.numbering_ = numbering_;
            auto done = nested.run(inside.substr(colon + 1));
            if (!done) return done;
            next_ = nested.next_;
            numbering_ = nested.numbering_;
        }
        return append_value(out_, *found, spec, arena_);
    }

    std::string& out_;
    const Value* values_;
    std::size_t count_;
    Arena& arena_;
    std::size_t next_ = 0;
    enum class Numbering { None, Automatic, Given };
    Numbering numbering_ = Numbering::None;
};

}  // namespace

Status format_text(std::string& out, std::string_view format, const Value* values,
                   std::size_t count, Arena& arena) {
    return Formatter(out, values, count, arena).run(format);
}

}  // namespace spillway::transform
