// Distinct types for things that are all text or all numbers underneath. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace spillway {

/// A name that is no other kind of name: `using LogstoreName = StrongString<struct
/// LogstoreNameTag>`.
template <class Tag>
class StrongString {
  public:
    StrongString() = default;
    explicit StrongString(std::string text) : text_(std::move(text)) {}
    explicit StrongString(std::string_view text) : text_(text) {}
    explicit StrongString(const char* text) : text_(text) {}

    const std::string& str() const { return text_; }
    bool empty() const { return text_.empty(); }
    auto operator<=>(const StrongString&) const = default;

  private:
    std::string text_;
};

/// A number that is no other kind of number.
template <class Tag, class Number>
class StrongNumber {
  public:
    constexpr StrongNumber() = default;
    constexpr explicit StrongNumber(Number number) : number_(number) {}

    constexpr Number value() const { return number_; }
    constexpr auto operator<=>(const StrongNumber&) const = default;

  private:
    Number number_{};
};

/// Bytes, so that a count of logs never passes for one of bytes.
using ByteCount = StrongNumber<struct ByteCountTag, std::uint64_t>;

}  // namespace spillway

template <class Tag>
struct std::hash<spillway::StrongString<Tag>> {
    std::size_t operator()(const spillway::StrongString<Tag>& id) const {
        return std::hash<std::string>()(id.str());
    }
};
template <class Tag, class Number>
struct std::hash<spillway::StrongNumber<Tag, Number>> {
    std::size_t operator()(const spillway::StrongNumber<Tag, Number>& id) const {
        return std::hash<Number>()(id.value());
    }
};
