#include "logstore/wire/codec.h"

#include "base/text.h"

#include <limits>
#include <memory>
#include <utility>

#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

namespace spillway::wire {

namespace {

/// Level of zstd and zlib: what a log shipper can afford per byte.
constexpr int kZstdLevel = 1;
constexpr int kZlibLevel = 1;

/// Bytes written by the library, or nothing when it refused.
using Written = std::optional<std::size_t>;

/// Compressed into memory of the thread, then copied: a text of exactly the right size costs less
/// than one cleared to the size of the worst case.
Written lz4_compress(std::string_view raw, std::string& out) {
    constexpr std::size_t kKeptMax = 8 * 1024 * 1024;
    thread_local std::unique_ptr<char[]> kept;
    thread_local std::size_t kept_bytes = 0;
    const auto bound = static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw.size())));
    if (kept_bytes < bound) {
        kept = std::make_unique_for_overwrite<char[]>(bound);
        kept_bytes = bound;
    }
    const int bytes = LZ4_compress_default(raw.data(), kept.get(), static_cast<int>(raw.size()),
                                           static_cast<int>(bound));
    if (bytes > 0) out.assign(kept.get(), static_cast<std::size_t>(bytes));
    if (kept_bytes > kKeptMax) {
        kept.reset();
        kept_bytes = 0;
    }
    return bytes > 0 ? Written(static_cast<std::size_t>(bytes)) : std::nullopt;
}

Written zstd_compress(std::string_view raw, std::string& out) {
    out.resize(ZSTD_compressBound(raw.size()));
    const std::size_t bytes =
        ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), kZstdLevel);
    return ZSTD_isError(bytes) != 0 ? std::nullopt : Written(bytes);
}

Bytef* as_bytes(char* text) {
    return reinterpret_cast<Bytef*>(text);
}
const Bytef* as_bytes(const char* text) {
    return reinterpret_cast<const Bytef*>(text);
}

Written zlib_compress(std::string_view raw, std::string& out) {
    uLongf bytes = compressBound(static_cast<uLong>(raw.size()));
    out.resize(bytes);
    const int code = compress2(as_bytes(out.data()), &bytes, as_bytes(raw.data()),
                               static_cast<uLong>(raw.size()), kZlibLevel);
    return code == Z_OK ? Written(bytes) : std::nullopt;
}

Written lz4_decompress(std::string_view body, std::string& out) {
    const int bytes = LZ4_decompress_safe(body.data(), out.data(), static_cast<int>(body.size()),
                                          static_cast<int>(out.size()));
    return bytes >= 0 ? Written(static_cast<std::size_t>(bytes)) : std::nullopt;
}

Written zstd_decompress(std::string_view body, std::string& out) {
    const std::size_t bytes = ZSTD_decompress(out.data(), out.size(), body.data(), body.size());
    return ZSTD_isError(bytes) != 0 ? std::nullopt : Written(bytes);
}

Written zlib_decompress(std::string_view body, std::string& out) {
    uLongf bytes = static_cast<uLongf>(out.size());
    uLong used = static_cast<uLong>(body.size());
    const int code = uncompress2(as_bytes(out.data()), &bytes, as_bytes(body.data()), &used);
    return code == Z_OK && used == body.size() ? Written(bytes) : std::nullopt;
}

Error not_readable(Codec codec, std::string_view body, std::uint64_t raw_bytes) {
    return make_error(ErrorCode::Corrupt,
                      std::to_string(body.size()) + " bytes do not decompress as " +
                          std::string(codec == Codec::None ? "plain" : name_of(codec)) +
                          " to the " + std::to_string(raw_bytes) + " bytes that were announced");
}

/// A body of nothing: no bytes at all, or the codec's own form of it (of lz4 one byte 00).
bool decodes_to_nothing(Codec codec, std::string_view body) {
    if (body.empty()) return true;
    std::string none;
    switch (codec) {
        case Codec::None:
            return false;
        case Codec::Lz4:
            return body == std::string_view("\0", 1);
        case Codec::Zstd:
            return zstd_decompress(body, none) == Written(0);
        case Codec::Deflate:
            return zlib_decompress(body, none) == Written(0);
    }
    return false;
}

}  // namespace

std::string_view name_of(Codec codec) {
    switch (codec) {
        case Codec::None:
            return "";
        case Codec::Lz4:
            return "lz4";
        case Codec::Zstd:
            return "zstd";
        case Codec::Deflate:
            return "deflate";
    }
    return "";
}

std::optional<Codec> parse_codec(std::string_view name) {
    if (name.empty()) return Codec::None;
    for (const Codec codec : {Codec::Lz4, Codec::Zstd, Codec::Deflate}) {
        if (equals_ignoring_case(name, name_of(codec))) return codec;
    }
    return std::nullopt;
}

Result<std::string> compress(Codec codec, std::string_view raw) {
    if (codec == Codec::None) return std::string(raw);
    if (raw.size() > LZ4_MAX_INPUT_SIZE) {
        return make_error(ErrorCode::InvalidArgument,
                          "cannot compress " + std::to_string(raw.size()) + " bytes in one piece");
    }
    std::string out;
    Written bytes;
    switch (codec) {
        case Codec::None:
            break;
        case Codec::Lz4:
            bytes = lz4_compress(raw, out);
            break;
        case Codec::Zstd:
            bytes = zstd_compress(raw, out);
            break;
        case Codec::Deflate:
            bytes = zlib_compress(raw, out);
            break;
    }
    if (!bytes) {
        return make_error(ErrorCode::Exhausted, "compressing with " + std::string(name_of(codec)) +
                                                    " failed for want of memory");
    }
    out.resize(*bytes);
    return out;
}

Status decompress_into(std::string& raw, Codec codec, std::string_view body,
                       std::uint64_t raw_bytes, std::uint64_t raw_bytes_max) {
    if (raw_bytes > raw_bytes_max) {
        return make_error(ErrorCode::InvalidArgument,
                          "a body of " + std::to_string(raw_bytes) + " raw bytes is above the " +
                              std::to_string(raw_bytes_max) + " that are allowed");
    }
    if (body.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return not_readable(codec, body, raw_bytes);
    }
    if (codec == Codec::None) {
        if (body.size() != raw_bytes) return not_readable(codec, body, raw_bytes);
        raw = body;
        return {};
    }
    raw.resize(static_cast<std::size_t>(raw_bytes));
    if (raw_bytes == 0) {
        if (!decodes_to_nothing(codec, body)) return not_readable(codec, body, raw_bytes);
        return {};
    }
    Written bytes;
    if (codec == Codec::Lz4) bytes = lz4_decompress(body, raw);
    if (codec == Codec::Zstd) bytes = zstd_decompress(body, raw);
    if (codec == Codec::Deflate) bytes = zlib_decompress(body, raw);
    if (bytes != Written(static_cast<std::size_t>(raw_bytes))) {
        return not_readable(codec, body, raw_bytes);
    }
    return {};
}

Result<std::string> decompress(Codec codec, std::string_view body, std::uint64_t raw_bytes,
                               std::uint64_t raw_bytes_max) {
    std::string raw;
    if (auto done = decompress_into(raw, codec, body, raw_bytes, raw_bytes_max); !done) {
        return std::move(done).error();
    }
    return raw;
}

}  // namespace spillway::wire
