// What the names of a region's files say. Any thread.
#pragma once

#include "logstore/engine/record.h"

#include <optional>
#include <string>
#include <string_view>

namespace spillway::engine {

/// Content of PATH/format.
inline constexpr std::string_view kFormatLine = "spillway region, layout 1\n";

/// "0000000012-00f3c2....seg": number and salt, so that even a damaged header keeps neither from
/// us.
std::string segment_name(const SegmentHeader& header);
/// Nothing when it is no segment's name. Its creation time is not known.
std::optional<SegmentHeader> header_of_name(std::string_view name, std::uint64_t log_id);
/// "X.idx" of "X.seg".
std::string index_path_of(const std::string& segment_path);

}  // namespace spillway::engine
