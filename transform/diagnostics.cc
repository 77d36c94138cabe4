#include "transform/diagnostics.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

namespace {

/// Of the line that holds byte `at`: where it begins.
std::size_t line_begin(std::string_view rule, std::size_t at) {
    const auto newline = at == 0 ? std::string_view::npos : rule.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
}

std::string_view line_text(std::string_view rule, std::uint32_t line) {
    std::size_t begin = 0;
    for (std::uint32_t i = 1; i < line; ++i) {
        const auto newline = rule.find('\n', begin);
        if (newline == std::string_view::npos) return {};
        begin = newline + 1;
    }
    auto text = rule.substr(begin, rule.find('\n', begin) - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

/// Blanks as wide as the text before the mark; tabs stay tabs so that the caret stands under its
/// place.
std::string blanks_before(std::string_view line, std::uint32_t column) {
    std::string blanks;
    std::uint32_t seen = 1;
    for (const char c : line) {
        if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;
        if (seen++ >= column) break;
        blanks += c == '\t' ? '\t' : ' ';
    }
    while (seen++ < column) blanks += ' ';
    return blanks;
}

}  // namespace

void Diagnostics::error(std::string_view code, Span where, std::string message, std::string help) {
    ++errors_;
    add(Severity::Error, code, where, std::move(message), std::move(help));
}

void Diagnostics::warning(std::string_view code, Span where, std::string message,
                          std::string help) {
    add(Severity::Warning, code, where, std::move(message), std::move(help));
}

void Diagnostics::add(Severity severity, std::string_view code, Span where, std::string message,
                      std::string help) {
    if (found_.size() >= kDiagnosticsMax) return;
    const std::size_t begin = std::min<std::size_t>(where.begin, rule_.size());
    const std::size_t end = std::clamp<std::size_t>(where.end, begin, rule_.size());
    const std::size_t line_at = line_begin(rule_, begin);
    // The mark stays on its first line.
    const auto line_end = std::min(rule_.find('\n', begin), end);
    Diagnostic made;
    made.severity = severity;
    made.code = code;
    made.message = std::move(message);
    made.help = std::move(help);
    made.line = static_cast<std::uint32_t>(
        1 + std::count(rule_.begin(), rule_.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    made.column =
        static_cast<std::uint32_t>(1 + code_points(rule_.substr(line_at, begin - line_at)));
    made.length = static_cast<std::uint32_t>(
        std::max<std::size_t>(1, code_points(rule_.substr(begin, line_end - begin))));
    found_.push_back(std::move(made));
}

std::vector<Diagnostic> Diagnostics::take() {
    std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(found_);
}

std::string render(const Diagnostic& diagnostic, std::string_view rule,
                   std::string_view file_name) {
    const bool error = diagnostic.severity == Severity::Error;
    std::string text =
        fmt::format("{}:{}:{}: {}: {} [{}]\n", file_name, diagnostic.line, diagnostic.column,
                    error ? "error" : "warning", diagnostic.message, diagnostic.code);
    const auto line = line_text(rule, diagnostic.line);
    const std::string number = std::to_string(diagnostic.line);
    text += fmt::format("  {} | {}\n", number, line);
    text += fmt::format("  {} | {}^{}\n", std::string(number.size(), ' '),
                        blanks_before(line, diagnostic.column),
                        std::string(diagnostic.length - 1, '~'));
    if (!diagnostic.help.empty()) {
        text += fmt::format("  {} = help: {}\n", std::string(number.size(), ' '), diagnostic.help);
    }
    return text;
}

}  // namespace spillway::transform
