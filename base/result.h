// Result<T>: a value, or the Error that says why there is none. Shaped like std::expected, which
// g++ 12 has only under -std=c++23. Values; any thread.
#pragma once

#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

namespace spillway {

/// A broken invariant: prints where and why, then aborts. For our own mistakes only.
[[noreturn]] inline void invariant_failed(const char* file, int line, const char* what) {
    std::fprintf(stderr, "spillway: broken invariant at %s:%d: %s\n", file, line, what);
    std::abort();
}
#define SPILLWAY_INVARIANT(condition, what) \
    ((condition) ? (void)0 : ::spillway::invariant_failed(__FILE__, __LINE__, what))

template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
    Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    bool has_value() const { return held_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    /// Aborts when there is no value: look before you take.
    T& value() & { return check(), *std::get_if<0>(&held_); }
    const T& value() const& { return check(), *std::get_if<0>(&held_); }
    T&& value() && { return check(), std::move(*std::get_if<0>(&held_)); }

    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    template <class U>
    T value_or(U&& fallback) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
    }

    const Error& error() const& { return *held_error(); }
    Error&& error() && { return std::move(*const_cast<Error*>(held_error())); }

  private:
    void check() const { SPILLWAY_INVARIANT(has_value(), error_text()); }
    const Error* held_error() const {
        const Error* error = std::get_if<1>(&held_);
        SPILLWAY_INVARIANT(error != nullptr, "a Result with a value was asked for its error");
        return error;
    }
    const char* error_text() const {
        return has_value() ? "" : std::get_if<1>(&held_)->message.c_str();
    }

    std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

    bool has_value() const { return error_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    void value() const {
        SPILLWAY_INVARIANT(has_value(), std::get_if<1>(&error_)->message.c_str());
    }

    const Error& error() const& { return *held_error(); }
    Error&& error() && { return std::move(*const_cast<Error*>(held_error())); }

  private:
    const Error* held_error() const {
        const Error* error = std::get_if<1>(&error_);
        SPILLWAY_INVARIANT(error != nullptr, "a Result without an error was asked for it");
        return error;
    }

    std::variant<std::monostate, Error> error_;
};

using Status = Result<void>;

}  // namespace spillway
