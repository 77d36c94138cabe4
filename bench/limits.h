// Limit programs: the same work done by hand for exactly one rule, on the wire bytes, with nothing
// general about it. What a compiled rule is measured against.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::bench {

/// Touches the frame of every group and log; returns their number.
std::uint64_t scan_frames(std::string_view page);
/// Touches every key and value; returns the sum of their sizes.
std::uint64_t scan_contents(std::string_view page);
/// Copies the logs whose `key` is not `value` into `out`, groups re-framed.
void filter_by_hand(std::string_view page, std::string_view key, std::string_view value,
                    std::string& out);
/// Drops one field, renames one, sets a constant one at the end; the rest is copied.
struct HandEdit {
    std::string_view drop_key;
    std::string_view rename_key;
    std::string_view renamed_key;
    std::string_view set_key;
    std::string_view set_value;
};
void edit_by_hand(std::string_view page, const HandEdit& edit, std::string& out);

}  // namespace spillway::bench
