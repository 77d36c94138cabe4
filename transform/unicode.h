// Text by code point, as Python counts it: places, properties, case. Bytes that are not UTF-8 count
// as one character each and stay as they are. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

/// Characters of a text by place. For plain ASCII nothing is stored.
class CodePoints {
  public:
    explicit CodePoints(std::string_view text);
    std::size_t size() const { return plain_ ? text_.size() : starts_.size() - 1; }
    std::string_view operator[](std::size_t place) const {
        return plain_ ? text_.substr(place, 1)
                      : text_.substr(starts_[place], starts_[place + 1] - starts_[place]);
    }
    /// Byte at which the character begins; size() gives the end.
    std::size_t byte_of(std::size_t place) const { return plain_ ? place : starts_[place]; }
    /// Character that begins at that byte.
    std::size_t place_of(std::size_t byte) const;

  private:
    std::string_view text_;
    bool plain_ = true;
    std::vector<std::uint32_t> starts_;
};

/// The code point at `at`, and moves past it. A byte that is no UTF-8 gives itself + kStrayByte.
inline constexpr std::uint32_t kStrayByte = 0x80000000U;
std::uint32_t next_code_point(std::string_view text, std::size_t& at);
void append_code_point(std::string& out, std::uint32_t code_point);

enum class CharacterClass {
    Alpha,
    Decimal,
    Digit,
    Numeric,
    Space,
    Printable,
    Lower,
    Upper,
    TitleOnly,
    NameStart,
    NamePart,
    Cased,
};
bool is_in(CharacterClass kind, std::uint32_t code_point);

std::string lower_text(std::string_view text);
std::string upper_text(std::string_view text);
std::string title_text(std::string_view text);
std::string capitalize_text(std::string_view text);
std::string swap_case_text(std::string_view text);
/// For comparing without case.
std::string fold_text(std::string_view text);

}  // namespace spillway::transform
