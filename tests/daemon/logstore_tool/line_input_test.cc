#include "daemon/logstore_tool/line_input.h"

#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spillway::daemon {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::string& text, std::size_t bytes_max = 1'000'000) {
    std::istringstream stream(text);
    LineInput input(ByteSource::of_stream(stream), bytes_max);
    std::vector<std::string> out;
    while (true) {
        auto line = input.next();
        EXPECT_TRUE(line);
        if (!line || !line->has_value()) return out;
        out.push_back(**line);
        EXPECT_EQ(input.line_number(), out.size());
    }
}

using Lines = std::vector<std::string>;

TEST(LineInput, OnlyANewlineEndsALine) {
    EXPECT_EQ(lines_of("a\r\nb\rc\n\n"), (Lines{"a\r", "b\rc", ""}));
    EXPECT_EQ(lines_of(std::string("\0\xFF\n\xC3\n", 5)),
              (Lines{std::string("\0\xFF", 2), "\xC3"}));
}

TEST(LineInput, WhatFollowsTheLastNewlineIsALineIfItHasBytes) {
    EXPECT_EQ(lines_of(""), Lines{});
    EXPECT_EQ(lines_of("\n"), Lines{""});
    EXPECT_EQ(lines_of("a\nb"), (Lines{"a", "b"}));
    EXPECT_EQ(lines_of("a\nb\n"), (Lines{"a", "b"}));
}

TEST(LineInput, ReadsLinesLongerThanItsChunks) {
    const std::string longest(300'000, 'x');
    EXPECT_EQ(lines_of("a\n" + longest + "\nb\n"), (Lines{"a", longest, "b"}));
}

TEST(LineInput, ALineThatFitsNoLogIsAnErrorThatNamesIt) {
    std::istringstream stream("ok\n" + std::string(200'000, 'x') + "\nlater\n");
    LineInput input(ByteSource::of_stream(stream), 100'000);
    EXPECT_TRUE(input.next());
    const auto line = input.next();
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(line.error().message.find("line 2"), std::string::npos);
}

TEST(LineInput, KnowsWhetherALineIsThere) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    LineInput input(ByteSource::of_descriptor(ends[0]), 1'000);
    EXPECT_FALSE(input.ready_within(0ms));
    ASSERT_EQ(::write(ends[1], "one\ntwo\n", 8), 8);
    EXPECT_TRUE(input.ready_within(0ms));
    EXPECT_EQ(**input.next(), "one");
    EXPECT_TRUE(input.ready_within(0ms)) << "the second line was read with the first";
    EXPECT_EQ(**input.next(), "two");
    EXPECT_FALSE(input.ready_within(0ms));
    ::close(ends[1]);
    EXPECT_TRUE(input.ready_within(0ms)) << "the end is news, too";
    EXPECT_FALSE(input.next()->has_value());
    ::close(ends[0]);
}

TEST(LineInput, AMissingFileIsNamed) {
    const auto source = ByteSource::of_file("/no/such/file");
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::NotFound);
    EXPECT_NE(source.error().message.find("/no/such/file"), std::string::npos);
}

TEST(LineInput, ADirectoryIsAnErrorNotAnEnd) {
    auto source = ByteSource::of_file("/");
    ASSERT_TRUE(source);
    LineInput input(*std::move(source), 1'000);
    EXPECT_FALSE(input.next());
}

}  // namespace
}  // namespace spillway::daemon
