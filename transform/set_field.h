// Storing a value in a field, as every extracting function does it.
#pragma once

#include "transform/modes.h"
#include "transform/runtime.h"

#include <string_view>

namespace spillway::transform {

/// `value` must live as long as the event's log is worked on. A field without a name is never set.
inline void set_field(Frame& frame, Event& event, std::string_view key, std::string_view value,
                      Mode mode) {
    if (key.empty()) {
        frame.warn();
        return;
    }
    if (!event.set(key, value, mode, frame.arena()))
        frame.fail("__time__ must be a number of seconds since 1970");
}

/// Null never writes.
inline void set_field(Frame& frame, Event& event, std::string_view key, const Value& value,
                      Mode mode) {
    if (value.is_null()) {
        frame.warn();
        return;
    }
    set_field(frame, event, key, stored_text(value, frame.arena()), mode);
}

/// Names that extraction produces: others are left out silently.
bool is_extractable_name(std::string_view name);

/// The value in an optional wrapper of prefix and suffix.
inline std::string_view wrap_name(Frame& frame, std::string_view prefix, std::string_view name,
                                  std::string_view suffix) {
    if (prefix.empty() && suffix.empty()) return name;
    return frame.arena().concat(frame.arena().concat(prefix, name), suffix);
}

}  // namespace spillway::transform
