// Separated values, as Python's csv reads one line of them. Pure.
#pragma once

#include "transform/compiler.h"
#include "transform/value.h"

#include <string>
#include <string_view>

namespace spillway::transform {

struct CsvFormat {
    char separator = ',';
    char quote = '"';
    bool strip_left = true;  ///< blanks behind a separator are no part of the value
};

/// The values of one record: a list of texts. Empty text is an empty list.
Value split_csv(std::string_view text, const CsvFormat& format, Arena& arena);
/// Several lines: quoted values may hold line ends. Moves past one record.
Value read_csv_record(std::string_view text, std::size_t& at, const CsvFormat& format,
                      Arena& arena);
/// Appends a value, quoted only where it must be.
void append_csv(std::string& out, std::string_view value, std::string_view separator, char quote);

/// sep, quote and lstrip of a call; false after an error was reported.
bool read_csv_format(Compiler& compiler, const Node& call, CsvFormat& format);

}  // namespace spillway::transform
