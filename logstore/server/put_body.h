// What the body of a PutLogs request holds. Pure; any thread.
#pragma once

#include "base/net/http.h"
#include "base/result.h"
#include "logstore/model/logstore.h"

#include <vector>

namespace spillway::server {

/// One batch, or one a package where `x-log-mode: batch_group` says so. Key and sequence id are the
/// caller's to add. The packages of one request announce kPutBytesMax together at most, as a single
/// body does. Errors: InvalidArgument with the service's code.
Result<std::vector<Batch>> batches_of(HttpRequest request);

/// Codec of the answer to a pull, from Accept-Encoding: lz4 before zstd, deflate only when nothing
/// else is asked for (libraries ask for gzip and deflate on their own).
Codec codec_for(std::string_view accept_encoding);

}  // namespace spillway::server
