#include "transform/regex.h"

#include "transform/lexer.h"
#include "transform/regex_syntax.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace spillway::transform {

namespace {

constexpr std::uint32_t kMatchLimit = 1'000'000;
constexpr std::uint32_t kDepthLimit = 10'000;
constexpr std::uint32_t kHeapLimitKib = 16 * 1024;
constexpr std::size_t kJitStackMax = 2 * 1024 * 1024;

struct FreeCode {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
    void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
struct FreeContext {
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeStack {
    void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};
using CodePtr = std::unique_ptr<pcre2_code, FreeCode>;

bool is_ascii(std::string_view text) {
    std::size_t i = 0;
    std::uint64_t high = 0;
    for (; i + 32 <= text.size(); i += 32) {
        std::uint64_t words[4];
        std::memcpy(words, text.data() + i, 32);
        high |= (words[0] | words[1]) | (words[2] | words[3]);
    }
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + i, 8);
        high |= eight;
    }
    for (; i < text.size(); ++i) high |= static_cast<unsigned char>(text[i]) & 0x80U;
    return (high & 0x8080808080808080ULL) == 0;
}

Result<CodePtr> compile_code(const std::string& pattern, std::uint32_t options) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    CodePtr code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                               options, &error, &offset, nullptr));
    if (!code) {
        PCRE2_UCHAR message[200];
        pcre2_get_error_message(error, message, sizeof message);
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("{} (at {})", reinterpret_cast<const char*>(message),
                                      offset >= pattern.size()
                                          ? "its end"
                                          : fmt::format("\"{}\"", pattern.substr(offset, 20))));
    }
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // without it the interpreter does the work
    return code;
}

bool has_jit(const pcre2_code* code) {
    std::size_t bytes = 0;
    return pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &bytes) == 0 && bytes > 0;
}

}  // namespace

struct RegexRunner::Impl {
    std::unique_ptr<pcre2_match_data, FreeMatch> match{pcre2_match_data_create(32, nullptr)};
    std::uint32_t pairs = 32;
    std::unique_ptr<pcre2_match_context, FreeContext> context{pcre2_match_context_create(nullptr)};
    std::unique_ptr<pcre2_jit_stack, FreeStack> stack{
        pcre2_jit_stack_create(32 * 1024, kJitStackMax, nullptr)};
    std::string_view subject;

    void reserve(std::uint32_t wanted) {
        if (wanted <= pairs) return;
        match.reset(pcre2_match_data_create(wanted, nullptr));
        pairs = wanted;
    }
};

RegexRunner::RegexRunner() : impl_(std::make_unique<Impl>()) {
    pcre2_set_match_limit(impl_->context.get(), kMatchLimit);
    pcre2_set_depth_limit(impl_->context.get(), kDepthLimit);
    pcre2_set_heap_limit(impl_->context.get(), kHeapLimitKib);
    pcre2_jit_stack_assign(impl_->context.get(), nullptr, impl_->stack.get());
}
RegexRunner::~RegexRunner() = default;

struct Regex::Impl {
    std::string pattern;
    std::vector<RegexGroup> groups;
    std::uint32_t group_count = 0;
    CodePtr ascii;  ///< null where the pattern itself is not ASCII
    CodePtr unicode;
    CodePtr ascii_full;  ///< the same, anchored at both ends
    CodePtr unicode_full;
    bool is_jitted = false;  ///< the two for plain subjects are machine code
    std::optional<std::string> literal;

    MatchResult run(RegexRunner& runner, std::string_view subject, std::size_t from, bool full,
                    std::uint32_t options) const;
};

MatchResult Regex::Impl::run(RegexRunner& runner, std::string_view subject, std::size_t from,
                             bool full, std::uint32_t options) const {
    auto& state = runner.impl();
    state.reserve(group_count + 1);
    state.subject = subject;
    const bool plain = ascii && is_ascii(subject);
    const auto* code = full ? (plain ? ascii_full.get() : unicode_full.get())
                            : (plain ? ascii.get() : unicode.get());
    const char* data = subject.data() == nullptr ? "" : subject.data();
    // Straight to the machine code where nothing has to be checked: no UTF, no options.
    const auto match = plain && is_jitted && options == 0 ? pcre2_jit_match : pcre2_match;
    const int result = match(code, reinterpret_cast<PCRE2_SPTR>(data), subject.size(), from,
                             options, state.match.get(), state.context.get());
    if (result >= 0) return MatchResult::Match;
    return result == PCRE2_ERROR_NOMATCH ? MatchResult::NoMatch : MatchResult::LimitExceeded;
}

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;

Result<std::unique_ptr<Regex>> Regex::compile(std::string_view pattern) {
    constexpr std::size_t kPatternMax = 1024 * 1024;
    if (pattern.size() > kPatternMax) {
        return make_error(ErrorCode::InvalidArgument, "the pattern is longer than 1 MiB");
    }
    auto syntax = restate_regex(pattern);
    if (!syntax) return std::move(syntax).error();
    auto impl = std::make_unique<Impl>();
    impl->pattern = pattern;
    impl->groups = std::move(syntax->groups);
    // As in Python, ^ in (?m) also stands behind a line end that ends the text.
    constexpr std::uint32_t kPython = PCRE2_ALT_CIRCUMFLEX;
    const std::uint32_t unicode =
        kPython | PCRE2_MATCH_INVALID_UTF | PCRE2_UTF | (syntax->ascii_classes ? 0U : PCRE2_UCP);
    constexpr std::uint32_t kFull = PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    auto code = compile_code(syntax->pattern, unicode);
    if (!code) return std::move(code).error();
    impl->unicode = *std::move(code);
    auto full = compile_code(syntax->pattern, unicode | kFull);
    if (!full) return std::move(full).error();
    impl->unicode_full = *std::move(full);
    if (syntax->ascii_only) {
        auto plain = compile_code(syntax->pattern, kPython);
        auto plain_full = compile_code(syntax->pattern, kPython | kFull);
        if (plain && plain_full) {
            impl->ascii = *std::move(plain);
            impl->ascii_full = *std::move(plain_full);
            impl->is_jitted = has_jit(impl->ascii.get()) && has_jit(impl->ascii_full.get());
        }
    }
    pcre2_pattern_info(impl->unicode.get(), PCRE2_INFO_CAPTURECOUNT, &impl->group_count);
    if (pattern.find_first_of("\\.[](){}*+?^$|#") == std::string_view::npos) {
        impl->literal = std::string(pattern);
    }
    return std::unique_ptr<Regex>(new Regex(std::move(impl)));
}

MatchResult Regex::search(RegexRunner& runner, std::string_view subject, std::size_t from) const {
    return impl_->run(runner, subject, from, false, 0);
}
MatchResult Regex::search_next(RegexRunner& runner, std::string_view subject) const {
    const std::size_t end = match_end(runner);
    const bool was_empty = end == match_begin(runner);
    return impl_->run(runner, subject, end, false, was_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
}
MatchResult Regex::full_match(RegexRunner& runner, std::string_view subject) const {
    return impl_->run(runner, subject, 0, true, 0);
}
MatchResult Regex::match_start(RegexRunner& runner, std::string_view subject) const {
    // Not ANCHORED at run time: that would leave the just-in-time code.
    const auto result = impl_->run(runner, subject, 0, false, 0);
    if (result == MatchResult::Match && match_begin(runner) != 0) {
        return impl_->run(runner, subject, 0, false, PCRE2_ANCHORED);
    }
    return result;
}

std::optional<std::string_view> Regex::group(RegexRunner& runner, std::uint32_t number) const {
    auto& state = runner.impl();
    if (number > impl_->group_count) return std::nullopt;
    const auto* offsets = pcre2_get_ovector_pointer(state.match.get());
    const auto begin = offsets[2 * std::size_t{number}];
    const auto end = offsets[2 * std::size_t{number} + 1];
    if (begin == PCRE2_UNSET || end == PCRE2_UNSET || end < begin) return std::nullopt;
    return state.subject.substr(begin, end - begin);
}

std::size_t Regex::match_begin(RegexRunner& runner) const {
    return pcre2_get_ovector_pointer(runner.impl().match.get())[0];
}
std::size_t Regex::match_end(RegexRunner& runner) const {
    return pcre2_get_ovector_pointer(runner.impl().match.get())[1];
}

std::uint32_t Regex::group_count() const {
    return impl_->group_count;
}
const std::vector<RegexGroup>& Regex::named_groups() const {
    return impl_->groups;
}
std::string_view Regex::pattern() const {
    return impl_->pattern;
}
std::optional<std::string_view> Regex::literal() const {
    if (!impl_->literal) return std::nullopt;
    return std::string_view(*impl_->literal);
}

std::string regex_escape(std::string_view text) {
    constexpr std::string_view kSpecial = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";
    std::string out;
    for (const char c : text) {
        if (kSpecial.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

namespace {

Result<std::uint32_t> group_number(const Regex& regex, std::string_view name) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    bool known =
        error == std::errc{} && end == name.data() + name.size() && number <= regex.group_count();
    for (const auto& group : regex.named_groups()) {
        if (group.name == name) number = group.number, known = true;
    }
    if (!known) {
        return make_error(
            ErrorCode::InvalidArgument,
            fmt::format("the replacement names group \"{}\", which the pattern \"{}\" "
                        "does not have",
                        name, regex.pattern()));
    }
    return number;
}

/// Reads a replacement: `plain` takes text, `group` the numbers of groups.
template <class Plain, class Group>
Status read_replacement(const Regex& regex, std::string_view replacement, Plain&& plain,
                        Group&& group) {
    const auto named = [&](std::string_view name) -> Status {
        const auto number = group_number(regex, name);
        if (!number) return number.error();
        group(*number);
        return {};
    };
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        const char c = replacement[i];
        if (c != '\\' || i + 1 == replacement.size()) {
            plain(c);
            continue;
        }
        const char next = replacement[++i];
        if (next == 'g' && i + 1 < replacement.size() && replacement[i + 1] == '<') {
            const auto close = replacement.find('>', i);
            if (close == std::string_view::npos) {
                return make_error(ErrorCode::InvalidArgument, "\\g< is never closed");
            }
            auto put = named(replacement.substr(i + 2, close - i - 2));
            if (!put) return put;
            i = close;
        } else if (next >= '1' && next <= '9') {
            const bool two = i + 1 < replacement.size() && replacement[i + 1] >= '0' &&
                             replacement[i + 1] <= '9';
            auto put = named(replacement.substr(i, two ? 2 : 1));
            if (!put) return put;
            if (two) ++i;
        } else {
            constexpr std::string_view kFrom = "nrtabfv\\0";
            constexpr std::string_view kTo("\n\r\t\a\b\f\v\\\0", 9);
            const auto place = kFrom.find(next);
            if (place == std::string_view::npos) plain('\\');
            plain(place == std::string_view::npos ? next : kTo[place]);
        }
    }
    return {};
}

}  // namespace

Status append_replacement(std::string& out, const Regex& regex, RegexRunner& runner,
                          std::string_view replacement) {
    return read_replacement(
        regex, replacement, [&](char c) { out += c; },
        [&](std::uint32_t number) { out += regex.group(runner, number).value_or(""); });
}

Status check_replacement(const Regex& regex, std::string_view replacement) {
    return read_replacement(
        regex, replacement, [](char) {}, [](std::uint32_t) {});
}

}  // namespace spillway::transform
