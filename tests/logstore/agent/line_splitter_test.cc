#include "logstore/agent/line_splitter.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

SplitRequest request_of(std::string_view bytes) {
    SplitRequest request;
    request.bytes = bytes;
    return request;
}

TEST(LineSplitter, KeepsEveryByteButTheNewline) {
    const std::string bytes = "a\r\n\nb\0c\xff\n\rd\n"s;
    const auto result = split_lines(request_of(bytes));
    const std::vector<Line> wanted = {{0, "a\r"}, {3, ""}, {4, "b\0c\xff"sv}, {9, "\rd"}};
    EXPECT_EQ(result.lines, wanted);
    EXPECT_EQ(result.consumed, bytes.size());
    EXPECT_FALSE(result.continues_line);
}

TEST(LineSplitter, LeavesALineWithoutNewlineUntilItIsToldToFlush) {
    SplitRequest request = request_of("one\ntwo");
    EXPECT_EQ(split_lines(request).consumed, 4u);
    request.flush_rest = true;
    const auto flushed = split_lines(request);
    EXPECT_EQ(flushed.lines.back(), (Line{4, "two"}));
    EXPECT_EQ(flushed.consumed, 7u);
    EXPECT_TRUE(flushed.continues_line);
}

TEST(LineSplitter, SwallowsTheNewlineOfALineThatWasFlushedBefore) {
    SplitRequest request = request_of("\nnext\n\n");
    request.offset = 7;
    request.continues_line = true;
    const auto result = split_lines(request);
    EXPECT_EQ(result.lines, (std::vector<Line>{{8, "next"}, {13, ""}}));
}

TEST(LineSplitter, SendsTheRestOfAFlushedLineAtItsOwnOffset) {
    SplitRequest request = request_of(" and more\n");
    request.offset = 7;
    request.continues_line = true;
    EXPECT_EQ(split_lines(request).lines, (std::vector<Line>{{7, " and more"}}));
}

TEST(LineSplitter, CutsALongLineAtConsecutiveOffsets) {
    SplitRequest request = request_of("abcdefgh\nx\n");
    request.line_bytes_max = 3;
    EXPECT_EQ(split_lines(request).lines,
              (std::vector<Line>{{0, "abc"}, {3, "def"}, {6, "gh"}, {9, "x"}}));
}

TEST(LineSplitter, SendsNoEmptyLogBehindALineOfExactlyTheLongestLength) {
    SplitRequest request = request_of("abc\nabcdef\n\n");
    request.line_bytes_max = 3;
    EXPECT_EQ(split_lines(request).lines,
              (std::vector<Line>{{0, "abc"}, {4, "abc"}, {7, "def"}, {11, ""}}));
}

TEST(LineSplitter, EndsAGroupAtItsLogsAndItsBytes) {
    SplitRequest request = request_of("a\nb\nc\n");
    request.lines_max = 2;
    EXPECT_EQ(split_lines(request).consumed, 4u);
    request.lines_max = 10;
    request.bytes_max = 1;
    EXPECT_EQ(split_lines(request).consumed, 2u);
}

/// Splits piece by piece, as a reader that meets the file's end at odd moments, and joins by
/// offsets.
std::string there_and_back(const std::string& file, std::mt19937& random, std::size_t line_max) {
    std::string rebuilt;
    std::uint64_t offset = 0;
    bool continues = false;
    std::optional<std::uint64_t> previous_end;
    while (offset < file.size()) {
        SplitRequest request;
        const std::size_t visible = line_max + 2 + random() % 40;
        request.bytes = std::string_view(file).substr(offset, visible);
        request.offset = offset;
        request.continues_line = continues;
        request.line_bytes_max = line_max;
        request.bytes_max = 10 + random() % 30;
        request.lines_max = 1 + random() % 4;
        request.flush_rest = offset + request.bytes.size() == file.size() || random() % 8 == 0;
        const auto result = split_lines(request);
        for (const Line& line : result.lines) {
            if (previous_end && line.offset == *previous_end + 1) rebuilt += '\n';
            EXPECT_EQ(line.offset, rebuilt.size());
            rebuilt += line.bytes;
            previous_end = line.offset + line.bytes.size();
        }
        offset += result.consumed;
        continues = result.continues_line;
        if (result.consumed == 0) break;
    }
    if (!file.empty() && file.back() == '\n' && rebuilt.size() + 1 == file.size()) rebuilt += '\n';
    return rebuilt;
}

TEST(LineSplitter, LetsAFileBePutTogetherAgainFromOffsetsAlone) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        std::string file(random() % 400, ' ');
        for (char& byte : file) byte = "\n\r\0ab\xff\n"[random() % 7];
        EXPECT_EQ(there_and_back(file, random, 1 + random() % 12), file);
    }
}

TEST(LineSplitter, FindsTheNextLineStart) {
    EXPECT_EQ(distance_to_line_start("\nabc"), 0u);
    EXPECT_EQ(distance_to_line_start("xab\nc"), 3u);
    EXPECT_EQ(distance_to_line_start("xabc"), 0u);
}

}  // namespace
}  // namespace spillway::agent
