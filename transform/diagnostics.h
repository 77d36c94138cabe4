// Findings in a rule and how they are shown. Codes are stable: T01xx text, T02xx grammar, T03xx
// names, T04xx arguments, T05xx values, T09xx warnings. One owner at a time.
#pragma once

#include "transform/transform.h"

#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

/// Bytes [begin, end) of the rule text.
struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

/// Collects what the passes find; keeps at most kDiagnosticsMax.
class Diagnostics {
  public:
    explicit Diagnostics(std::string_view rule) : rule_(rule) {}

    void error(std::string_view code, Span where, std::string message, std::string help = "");
    void warning(std::string_view code, Span where, std::string message, std::string help = "");

    bool has_errors() const { return errors_ != 0; }
    std::size_t error_count() const { return errors_; }
    /// Ordered by place.
    std::vector<Diagnostic> take();

    static constexpr std::size_t kDiagnosticsMax = 50;

  private:
    void add(Severity severity, std::string_view code, Span where, std::string message,
             std::string help);

    std::string_view rule_;
    std::vector<Diagnostic> found_;
    std::size_t errors_ = 0;
};

/// Number of code points; a stray byte counts as one.
std::size_t code_points(std::string_view text);

}  // namespace spillway::transform
