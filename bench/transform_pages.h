// The same access logs as in pages.h with all of a log in one field: as the line that nginx writes,
// or as a JSON object. What rules that parse are measured on.
#pragma once

#include "bench/pages.h"

namespace spillway::bench {

/// One field, `content`: the combined log format.
Pages as_lines(const Pages& pages);
/// One field, `content`: an object of the 13 fields, sizes and times as numbers.
Pages as_json_lines(const Pages& pages);

}  // namespace spillway::bench
