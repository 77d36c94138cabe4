// How a field is set when it may be there already (`mode=`). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace spillway::transform {

enum class Mode : std::uint8_t { Fill, FillAuto, Add, AddAuto, Overwrite, OverwriteAuto };

inline std::optional<Mode> parse_mode(std::string_view text) {
    if (text == "fill") return Mode::Fill;
    if (text == "fill-auto") return Mode::FillAuto;
    if (text == "add") return Mode::Add;
    if (text == "add-auto") return Mode::AddAuto;
    if (text == "overwrite") return Mode::Overwrite;
    if (text == "overwrite-auto") return Mode::OverwriteAuto;
    return std::nullopt;
}

/// May `value` be written over what is there (nothing: absent)?
inline bool may_set(Mode mode, std::optional<std::string_view> old, std::string_view value) {
    switch (mode) {
        case Mode::Fill:
            return !old || old->empty();
        case Mode::FillAuto:
            return !value.empty() && (!old || old->empty());
        case Mode::Add:
            return !old;
        case Mode::AddAuto:
            return !value.empty() && !old;
        case Mode::Overwrite:
            return true;
        case Mode::OverwriteAuto:
            return !value.empty();
    }
    return true;
}

}  // namespace spillway::transform
