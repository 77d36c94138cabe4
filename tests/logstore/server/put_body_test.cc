#include "logstore/server/put_body.h"

#include "logstore/wire/log_group_writer.h"

#include <gtest/gtest.h>

namespace spillway::server {
namespace {

HttpRequest request_with(std::string body,
                         const std::vector<std::pair<std::string, std::string>>& headers) {
    HttpRequest request;
    request.body = std::move(body);
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    return request;
}

std::string code_of(HttpRequest request) {
    auto batches = batches_of(std::move(request));
    return batches ? "OK" : batches.error().service_code;
}

TEST(PutBody, NeedsTheRawSizeOfACompressedBody) {
    EXPECT_EQ(code_of(request_with("x", {{"x-log-compresstype", "lz4"}})), "MissingBodyRawSize");
    EXPECT_EQ(code_of(request_with("x", {{"x-log-bodyrawsize", "ten"}})), "InvalidBodyRawSize");
    EXPECT_EQ(code_of(request_with("x", {{"x-log-compresstype", "snappy"}})),
              "InvalidCompressType");
    EXPECT_EQ(code_of(request_with("abc", {{"x-log-bodyrawsize", "4"}})), "InvalidBodyRawSize");
    EXPECT_EQ(code_of(request_with("abc", {})), "OK");
    EXPECT_EQ(code_of(request_with("abc", {{"x-log-bodyrawsize", "0"}})), "OK");
}

std::string package(std::string_view data, std::optional<int> codec, int raw_bytes) {
    std::string message = "\x0a";
    wire::append_varint(message, data.size());
    message += data;
    message += '\x10';
    wire::append_varint(message, static_cast<std::uint64_t>(raw_bytes));
    if (codec) {
        message += '\x18';
        wire::append_varint(message, static_cast<std::uint64_t>(*codec));
    }
    std::string field = "\x0a";
    wire::append_varint(field, message.size());
    return field + message;
}

TEST(PutBody, TakesABatchGroupApart) {
    const auto list =
        package("first", std::nullopt, 50) + package("second", 0, 6) + package("third", 3, 70);
    auto batches =
        batches_of(request_with(list, {{"x-log-mode", "batch_group"}, {"x-log-bodyrawsize", "1"}}));
    ASSERT_TRUE(batches) << batches.error().message;
    ASSERT_EQ(batches->size(), 3U);
    EXPECT_EQ((*batches)[0].codec, Codec::Lz4);
    EXPECT_EQ((*batches)[0].raw_bytes, 50U);
    EXPECT_EQ((*batches)[1].codec, Codec::None);
    EXPECT_EQ((*batches)[1].body, "second");
    EXPECT_EQ((*batches)[2].codec, Codec::Zstd);
}

TEST(PutBody, RefusesABatchGroupThatIsNone) {
    EXPECT_EQ(code_of(request_with("garbage", {{"x-log-mode", "batch_group"}})), "PostBodyInvalid");
    EXPECT_EQ(code_of(request_with("", {{"x-log-mode", "batch_group"}})), "PostBodyInvalid");
    EXPECT_EQ(code_of(request_with(package("x", 9, 1), {{"x-log-mode", "batch_group"}})),
              "PostBodyInvalid");
}

TEST(PutBody, BoundsWhatABatchGroupHoldsInAllAndNotEachPackageAlone) {
    const auto outcome = [](const std::string& list) {
        return code_of(request_with(list, {{"x-log-mode", "batch_group"}}));
    };
    const auto half = static_cast<int>(kPutBytesMax / 2);
    EXPECT_EQ(outcome(package("a", 3, half) + package("b", 3, half)), "OK");
    EXPECT_EQ(outcome(package("a", 3, half) + package("b", 3, half) + package("c", 3, 1)),
              "PostBodyTooLarge");
    EXPECT_EQ(outcome(package("a", 3, half) + package("b", 3, -1)), "PostBodyTooLarge")
        << "2^64 - 1 is not to wrap round";
    const std::string large(kPutBytesMax / 2 + 1, 'x');
    EXPECT_EQ(outcome(package(large, 0, 0) + package(large, 0, 0)), "PostBodyTooLarge");
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += package("x", 3, 1);
    EXPECT_EQ(outcome(many), "OK");
    EXPECT_EQ(outcome(many + package("x", 3, 1)), "PostBodyTooLarge");
}

TEST(PullCodec, FollowsAcceptEncodingButNotWhatLibrariesAskOnTheirOwn) {
    EXPECT_EQ(codec_for("lz4"), Codec::Lz4);
    EXPECT_EQ(codec_for("zstd, lz4;q=0.5"), Codec::Lz4);
    EXPECT_EQ(codec_for("ZSTD"), Codec::Zstd);
    EXPECT_EQ(codec_for("deflate"), Codec::Deflate);
    EXPECT_EQ(codec_for("gzip, deflate"), Codec::None);
    EXPECT_EQ(codec_for(""), Codec::None);
}

}  // namespace
}  // namespace spillway::server
