// Rule text to tokens, by Python's rules: comments, joined lines, string escapes, numbers. Never
// fails: what it cannot read becomes a diagnostic and an Error token. Pure; any thread.
#pragma once

#include "transform/diagnostics.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

enum class TokenKind : std::uint8_t {
    Name,
    Text,   ///< a string literal; `text` is what it means
    Bytes,  ///< b"..."
    Int,
    BigInt,
    Float,
    Symbol,   ///< ( ) [ ] { } , : = == != < <= > >= + - * / // % ** . ; and others
    NewLine,  ///< end of a logical line
    End,
    Error,  ///< reported already
};

struct Token {
    TokenKind kind = TokenKind::End;
    Span span;
    std::string text;  ///< name, symbol, decoded literal, or digits of a BigInt
    std::int64_t integer = 0;
    double real = 0;
};

/// Ends with an End token.
std::vector<Token> lex(std::string_view rule, Diagnostics& diagnostics);

/// UTF-8 of a code point; nothing when it is none.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace spillway::transform
