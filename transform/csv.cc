#include "transform/csv.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// One value from `at` on, up to a separator, a line end or the end.
std::string_view read_value(std::string_view text, std::size_t& at, const CsvFormat& format,
                            Arena& arena) {
    if (format.strip_left) {
        while (at < text.size() && text[at] == ' ') ++at;
    }
    const std::size_t begin = at;
    const auto ends = [&](char c) { return c == format.separator || c == '\n' || c == '\r'; };
    if (at == text.size() || text[at] != format.quote || format.quote == '\0') {
        while (at < text.size() && !ends(text[at])) ++at;
        return text.substr(begin, at - begin);
    }
    std::string value;
    bool quoted = true;
    for (++at; at < text.size(); ++at) {
        if (quoted && text[at] == format.quote) {
            const bool doubled = at + 1 < text.size() && text[at + 1] == format.quote;
            if (!doubled) {
                quoted = false;
                continue;
            }
            ++at;
        } else if (!quoted && ends(text[at])) {
            break;
        }
        value += text[at];
    }
    return arena.copy(value);
}

}  // namespace

Value read_csv_record(std::string_view text, std::size_t& at, const CsvFormat& format,
                      Arena& arena) {
    ListBuilder values(arena);
    while (true) {
        values.add(Value::of(read_value(text, at, format, arena)));
        if (at < text.size() && text[at] == format.separator) {
            ++at;
            continue;
        }
        if (at < text.size() && text[at] == '\r') ++at;
        if (at < text.size() && text[at] == '\n') ++at;
        return values.done();
    }
}

Value split_csv(std::string_view text, const CsvFormat& format, Arena& arena) {
    if (text.empty()) return ListBuilder(arena).done();
    std::size_t at = 0;
    return read_csv_record(text, at, format, arena);
}

void append_csv(std::string& out, std::string_view value, std::string_view separator, char quote) {
    const bool special =
        quote != '\0' && (value.find(quote) != std::string_view::npos ||
                          value.find_first_of("\r\n") != std::string_view::npos ||
                          (!separator.empty() && value.find(separator) != std::string_view::npos));
    if (!special) {
        out += value;
        return;
    }
    out += quote;
    for (const char c : value) {
        if (c == quote) out += quote;
        out += c;
    }
    out += quote;
}

bool read_csv_format(Compiler& compiler, const Node& call, CsvFormat& format) {
    const auto separator = compiler.constant_text(call, "sep");
    const auto quote = compiler.constant_text(call, "quote");
    if (separator.size() != 1) {
        compiler.diagnostics().error(
            "T0507", compiler.span_of(call, "sep"),
            fmt::format("sep must be one ASCII character, not \"{}\"", separator));
        return false;
    }
    if (quote.size() > 1) {
        compiler.diagnostics().error(
            "T0507", compiler.span_of(call, "quote"),
            fmt::format("quote must be one ASCII character, not \"{}\"", quote));
        return false;
    }
    format.separator = separator[0];
    format.quote = quote.empty() ? '\0' : quote[0];
    format.strip_left = compiler.constant_flag(call, "lstrip");
    return true;
}

}  // namespace spillway::transform
