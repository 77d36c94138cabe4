// From what a client sent to what is stored: checked, and in LZ4. Pure; any thread.
#pragma once

#include "logstore/engine/logstore_log.h"
#include "logstore/model/logstore.h"

#include <string_view>

namespace spillway::engine {

/// LZ4 blocks stay as they came; other codecs become LZ4, so that any page can be stitched.
/// `extra_tags`: encoded tags to append to the group; may be empty.
/// Errors: InvalidArgument with PostBodyInvalid (and the byte), PostBodyUncompressError,
/// PostBodyTooLarge.
Result<PreparedGroup> prepare(const Batch& batch, std::string_view extra_tags = {});

/// The page that a pull answers: stitched for LZ4, else recompressed. Errors: Corrupt, Exhausted.
Result<Page> build_page(const StoredRange& range, const Cursor& from, Codec codec);

}  // namespace spillway::engine
