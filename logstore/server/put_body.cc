#include "logstore/server/put_body.h"

#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/proto_wire.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::server {

namespace {

using wire::service_error;
using wire::WireType;

Result<std::optional<std::uint64_t>> announced_size(const HttpRequest& request) {
    const auto text = request.headers.find("x-log-bodyrawsize");
    if (!text) return std::optional<std::uint64_t>();
    if (const auto number = parse_uint(trim(*text))) return std::optional(*number);
    return service_error("InvalidBodyRawSize", "x-log-bodyrawsize is not a whole number");
}

Result<Codec> announced_codec(const HttpRequest& request) {
    const auto name = trim(request.headers.find("x-log-compresstype").value_or(""));
    if (const auto codec = wire::parse_codec(to_lower(name))) return *codec;
    if (equals_ignoring_case(name, "none")) return Codec::None;
    return service_error("InvalidCompressType",
                         fmt::format("x-log-compresstype \"{}\" is none of lz4, zstd, deflate",
                                     to_valid_utf8(name)));
}

Result<std::vector<Batch>> single(HttpRequest request, Codec codec) {
    auto size = announced_size(request);
    if (!size) return std::move(size).error();
    if (codec != Codec::None && !*size) {
        return service_error("MissingBodyRawSize",
                             "a compressed body needs the header x-log-bodyrawsize");
    }
    if (codec == Codec::None && *size && **size != 0 && **size != request.body.size()) {
        return service_error("InvalidBodyRawSize",
                             fmt::format("x-log-bodyrawsize is {}, the body has {} bytes", **size,
                                         request.body.size()));
    }
    Batch batch;
    batch.codec = codec;
    batch.raw_bytes = codec == Codec::None ? request.body.size() : **size;
    batch.body = std::move(request.body);
    return std::vector<Batch>{std::move(batch)};
}

/// SlsCompressType.
std::optional<Codec> codec_of_number(std::uint64_t number) {
    constexpr Codec kCodecs[] = {Codec::None, Codec::Deflate, Codec::Lz4, Codec::Zstd};
    if (number >= std::size(kCodecs)) return std::nullopt;
    return kCodecs[number];
}

/// Far above what collectors send together, far below what would fill memory with empty packages.
constexpr std::size_t kPackagesMax = 10'000;

/// Adds a package to what the request holds in all. What is announced counts, before anything is
/// decompressed: a body of some KB may stand for gigabytes.
Status add_to_whole(const Batch& batch, std::uint64_t& whole_bytes) {
    const auto bytes = std::max<std::uint64_t>(batch.body.size(), batch.raw_bytes);
    if (bytes <= kPutBytesMax - whole_bytes) {
        whole_bytes += bytes;
        return {};
    }
    return service_error("PostBodyTooLarge",
                         fmt::format("the packages hold more than {} bytes together: send them in "
                                     "several requests",
                                     kPutBytesMax));
}

/// SlsLogPackage: data 1, uncompress_size 2, compress_type 3 (absent: LZ4).
Result<Batch> package_of(std::string_view message) {
    Batch batch;
    batch.codec = Codec::Lz4;
    wire::FieldCursor fields(message);
    wire::Field field;
    while (fields.next(field)) {
        if (field.is(1, WireType::Bytes)) batch.body = std::string(field.bytes);
        if (field.is(2, WireType::Varint)) batch.raw_bytes = field.value;
        if (!field.is(3, WireType::Varint)) continue;
        const auto codec = codec_of_number(field.value);
        if (!codec) return service_error("PostBodyInvalid", "a package has an unknown codec");
        batch.codec = *codec;
    }
    if (!fields.ok()) return service_error("PostBodyInvalid", "a package is malformed");
    if (batch.codec == Codec::None) batch.raw_bytes = batch.body.size();
    return batch;
}

Result<std::vector<Batch>> packages(std::string_view list) {
    std::vector<Batch> batches;
    std::uint64_t whole_bytes = 0;
    wire::FieldCursor fields(list);
    wire::Field field;
    while (fields.next(field)) {
        if (!field.is(1, WireType::Bytes)) continue;
        auto batch = package_of(field.bytes);
        if (!batch) return std::move(batch).error();
        if (auto fits = add_to_whole(*batch, whole_bytes); !fits) return std::move(fits).error();
        if (batches.size() == kPackagesMax) {
            return service_error("PostBodyTooLarge",
                                 fmt::format("a list may hold {} packages at most", kPackagesMax));
        }
        batches.push_back(*std::move(batch));
    }
    if (!fields.ok() || batches.empty()) {
        return service_error("PostBodyInvalid",
                             fmt::format("the body is not a list of packages: byte {} does not fit",
                                         fields.offset()));
    }
    return batches;
}

}  // namespace

Result<std::vector<Batch>> batches_of(HttpRequest request) {
    auto codec = announced_codec(request);
    if (!codec) return std::move(codec).error();
    if (equals_ignoring_case(request.headers.find("x-log-mode").value_or(""), "batch_group")) {
        return packages(request.body);
    }
    return single(std::move(request), *codec);
}

Codec codec_for(std::string_view accept_encoding) {
    std::vector<std::string> asked;
    for (const auto part : split(accept_encoding, ',')) {
        const auto name = trim(part.substr(0, part.find(';')));
        if (!name.empty()) asked.push_back(to_lower(name));
    }
    const auto has = [&](std::string_view name) {
        return std::find(asked.begin(), asked.end(), name) != asked.end();
    };
    if (has("lz4")) return Codec::Lz4;
    if (has("zstd")) return Codec::Zstd;
    if (asked.size() == 1 && has("deflate")) return Codec::Deflate;
    return Codec::None;
}

}  // namespace spillway::server
