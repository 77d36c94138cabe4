#include "transform/functions/padding.h"

#include "transform/arguments.h"
#include "transform/unicode.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value keep(Frame& frame, const std::string& text) {
    if (text.size() > kTextBytesMax) return frame.fail("the text is too long");
    return Value::of(frame.arena().copy(text));
}

/// `left` and `right`: shares of the padding put there.
Value pad(Frame& frame, const Expr& self, const Value* a, bool left, bool right) {
    const auto text = text_argument(frame, a[0]);
    const auto width = integer_argument(frame, self, a[1]);
    if (!text || !width) return Value::null();
    const auto fill = stored_text(a[2], frame.arena());
    if (CodePoints(fill).size() != 1) {
        return frame.fail(fmt::format("{}: fillchar must be one character", self.name));
    }
    const auto size = static_cast<std::int64_t>(CodePoints(*text).size());
    if (*width <= size) return Value::of(*text);
    if (*width > static_cast<std::int64_t>(kTextBytesMax)) {
        return frame.fail(fmt::format("{}: the width is too large", self.name));
    }
    const std::int64_t missing = *width - size;
    // As Python centres: the odd blank goes left where width is odd.
    const std::int64_t before =
        left && right ? missing / 2 + (missing & *width & 1) : (left ? missing : 0);
    std::string out;
    for (std::int64_t i = 0; i < before; ++i) out += fill;
    out += *text;
    for (std::int64_t i = 0; i < missing - before; ++i) out += fill;
    return keep(frame, out);
}

}  // namespace

Value str_ljust(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return pad(frame, self, a, false, true);
}
Value str_rjust(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return pad(frame, self, a, true, false);
}
Value str_center(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return pad(frame, self, a, true, true);
}

Value str_zfill(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    const auto width = integer_argument(frame, self, a[1]);
    if (!text || !width) return Value::null();
    const auto size = static_cast<std::int64_t>(CodePoints(*text).size());
    if (*width <= size) return Value::of(*text);
    if (*width > static_cast<std::int64_t>(kTextBytesMax)) {
        return frame.fail("str_zfill: the width is too large");
    }
    const bool sign = text->starts_with('-') || text->starts_with('+');
    std::string out(text->substr(0, sign ? 1 : 0));
    out.append(static_cast<std::size_t>(*width - size), '0').append(text->substr(sign ? 1 : 0));
    return keep(frame, out);
}

Value str_expandtabs(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    const auto size = integer_argument(frame, self, a[1]);
    if (!text || !size) return Value::null();
    const std::int64_t width = std::min<std::int64_t>(*size, 1000);
    std::string out;
    std::int64_t column = 0;
    const CodePoints points(*text);
    for (std::size_t i = 0; i < points.size() && out.size() <= kTextBytesMax; ++i) {
        const auto character = points[i];
        if (character == "\t") {
            const std::int64_t blanks = width > 0 ? width - column % width : 0;
            out.append(static_cast<std::size_t>(blanks), ' ');
            column += blanks;
            continue;
        }
        out += character;
        column = character == "\n" || character == "\r" ? 0 : column + 1;
    }
    return keep(frame, out);
}

}  // namespace spillway::transform
