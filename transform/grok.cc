#include "transform/grok.h"

#include "base/text.h"
#include "transform/regex.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr int kDepthMax = 30;
constexpr std::size_t kExpandedMax = 256 * 1024;

std::string_view find_built_in(std::string_view name) {
    const auto all = built_in_grok_patterns();
    const auto found = std::lower_bound(
        all.begin(), all.end(), name,
        [](const GrokPattern& each, std::string_view wanted) { return each.name < wanted; });
    return found != all.end() && found->name == name ? found->pattern : std::string_view{};
}

class Expander {
  public:
    explicit Expander(const GrokPatterns& extra) : extra_(extra) {}

    Result<std::string> run(std::string_view pattern, bool escape) {
        expand(pattern, escape, 0);
        if (!error_.message.empty()) return error_;
        return std::move(out_);
    }

  private:
    void expand(std::string_view pattern, bool escape, int depth) {
        std::size_t at = 0;
        while (at < pattern.size() && error_.message.empty()) {
            const auto open = pattern.find("%{", at);
            const auto text = pattern.substr(at, open - at);
            out_ += escape ? regex_escape(text) : std::string(text);
            if (open == std::string_view::npos) return;
            const auto close = pattern.find('}', open);
            if (close == std::string_view::npos) return fail("%{ is never closed with }", "");
            reference(pattern.substr(open + 2, close - open - 2), depth);
            at = close + 1;
            if (out_.size() > kExpandedMax) return fail("the pattern grows too long", "");
        }
    }

    /// NAME, NAME:field or NAME:field:type.
    void reference(std::string_view inside, int depth) {
        const auto colon = inside.find(':');
        const auto name = inside.substr(0, colon);
        std::string_view field;
        if (colon != std::string_view::npos) field = inside.substr(colon + 1);
        field = field.substr(0, field.find(':'));
        const auto known = extra_.find(name);
        const std::string_view pattern =
            known != extra_.end() ? known->second : find_built_in(name);
        if (pattern.empty()) return unknown(name);
        if (depth > kDepthMax) return fail(fmt::format("%{{{}}} holds itself", name), "");
        out_ += field.empty() ? "(?:" : fmt::format("(?P<{}>", field);
        expand(pattern, false, depth + 1);
        out_ += ')';
    }

    void unknown(std::string_view name) {
        std::vector<std::string> names;
        for (const auto& each : built_in_grok_patterns()) names.emplace_back(each.name);
        for (const auto& each : extra_) names.push_back(each.first);
        const auto close = nearest(name, names);
        fail(fmt::format("unknown pattern \"{}\"", name),
             close ? fmt::format("did you mean %{{{}}}?", *close) : "extend={...} adds patterns");
    }

    void fail(std::string message, std::string hint) {
        error_ = make_error(ErrorCode::InvalidArgument, std::move(message));
        error_.service_code = std::move(hint);
    }

    const GrokPatterns& extra_;
    std::string out_;
    Error error_;
};

}  // namespace

Result<std::string> expand_grok(std::string_view pattern, bool escape, const GrokPatterns& extra) {
    return Expander(extra).run(pattern, escape);
}

}  // namespace spillway::transform
