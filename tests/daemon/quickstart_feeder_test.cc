#include "base/storage/durable_file.h"
#include "daemon/quickstart/feed_pace.h"
#include "daemon/quickstart/feeder.h"
#include "daemon/quickstart/source_follower.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;

class FeedFixture : public testing::Test {
  protected:
    FeedFixture() {
        std::string name = testing::TempDir() + "/spillway-feed-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~FeedFixture() override { std::filesystem::remove_all(directory_); }

    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    void write(const std::string& name, const std::string& text, bool append = false) const {
        std::ofstream file(path(name), append ? std::ios::app : std::ios::trunc);
        file << text;
    }
    std::string content(const std::string& name) const { return read_file(path(name)).value(); }

    std::string directory_;
};

std::string lines(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += "line number " + std::to_string(i) + "\n";
    return text;
}

TEST(FeedClock, WaitsForTheReleaseBeforeTheLastPart) {
    FeedClock clock(milliseconds{1'000}, 0.75);
    clock.advance(milliseconds{5'000});
    EXPECT_DOUBLE_EQ(clock.fraction(), 0.75);
    EXPECT_TRUE(clock.holding());
    clock.release();
    clock.advance(milliseconds{200});
    EXPECT_EQ(clock.left(), milliseconds{50});
    clock.advance(milliseconds{200});
    EXPECT_TRUE(clock.over());
}

TEST(FeedPace, WritesWholeLinesAsTimePasses) {
    FeedPace pace;
    const std::string text = lines(0, 100);
    pace.earn(text.size(), milliseconds{100}, milliseconds{900});
    const std::size_t first = pace.take(text, 1 << 16, false);
    EXPECT_GT(first, 0U);
    EXPECT_LE(first, text.size() / 10);
    EXPECT_EQ(text[first - 1], '\n');
}

TEST(FeedPace, HasWrittenEverythingWhenThePeriodEnds) {
    FeedPace pace;
    const std::string text = lines(0, 1'000);
    std::size_t written = 0;
    for (int left = 990; left >= 0; left -= 10) {
        pace.earn(text.size() - written, milliseconds{10}, milliseconds{left});
        written += pace.take(std::string_view(text).substr(written), 1 << 16, false);
    }
    EXPECT_EQ(written, text.size());
}

TEST(FeedPace, CutsALineThatIsLongerThanAPiece) {
    FeedPace pace;
    const std::string text(1'000, 'x');
    pace.earn(text.size(), milliseconds{50}, milliseconds{50});
    EXPECT_EQ(pace.take(text, 4'096, false), 0U);
    EXPECT_EQ(pace.take(text, 300, false), 300U);
}

TEST_F(FeedFixture, FollowsAnInputThatGrows) {
    write("in", "a\n");
    auto source = SourceFollower::open(path("in"));
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->poll(1 << 20));
    EXPECT_EQ(source->pending(), "a\n");
    source->take(2);
    write("in", "b\n", true);
    EXPECT_EQ(source->backlog(), 2U);
    ASSERT_TRUE(source->poll(1 << 20));
    EXPECT_EQ(source->pending(), "b\n");
    auto compared = source->compare("a\nb\n");
    ASSERT_TRUE(compared);
    EXPECT_TRUE(compared->exact());
    EXPECT_EQ(compared->bytes_equal, 4U);
}

TEST_F(FeedFixture, ReadsARenamedInputToItsEndAndThenTheNewOne) {
    write("in", "a\n");
    auto source = SourceFollower::open(path("in"));
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->poll(1 << 20));
    std::filesystem::rename(path("in"), path("in.1"));
    write("in.1", "late\n", true);
    write("in", "new\n");
    ASSERT_TRUE(source->poll(1 << 20));
    ASSERT_TRUE(source->poll(1 << 20));
    EXPECT_EQ(source->pending(), "a\nlate\nnew\n");
    EXPECT_EQ(source->generations(), 2);
    auto compared = source->compare("a\nlate\nnew\n");
    ASSERT_TRUE(compared);
    EXPECT_EQ(compared->bytes_equal, 11U);
}

TEST_F(FeedFixture, StartsAgainWhenTheInputWasCutBack) {
    write("in", "a long first life\n");
    auto source = SourceFollower::open(path("in"));
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->poll(1 << 20));
    write("in", "b\n");
    ASSERT_TRUE(source->poll(1 << 20));
    ASSERT_TRUE(source->poll(1 << 20));
    EXPECT_EQ(source->pending(), "a long first life\nb\n");
    auto compared = source->compare("a long first life\nb\n");
    ASSERT_TRUE(compared);
    EXPECT_EQ(compared->bytes_gone, 18U);
    EXPECT_EQ(compared->bytes_equal, 2U);
    EXPECT_TRUE(compared->exact());
}

TEST_F(FeedFixture, NoticesOtherBytesInPlaceOfTheOldOnesEvenWhenLonger) {
    write("in", "old\n");
    auto source = SourceFollower::open(path("in"));
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->poll(1 << 20));
    write("in", "new and longer\n");
    ASSERT_TRUE(source->poll(1 << 20));
    ASSERT_TRUE(source->poll(1 << 20));
    EXPECT_EQ(source->pending(), "old\nnew and longer\n");
}

TEST_F(FeedFixture, SaysWhenWhatWasFedIsNotTheInput) {
    write("in", "abc\n");
    auto source = SourceFollower::open(path("in"));
    ASSERT_TRUE(source);
    ASSERT_TRUE(source->poll(1 << 20));
    auto compared = source->compare("abd\n");
    ASSERT_TRUE(compared);
    EXPECT_FALSE(compared->exact());
}

TEST_F(FeedFixture, RefusesADirectoryAndAMissingFile) {
    EXPECT_EQ(SourceFollower::open(directory_).error().code, ErrorCode::InvalidArgument);
    const Error missing = SourceFollower::open(path("nowhere")).error();
    EXPECT_EQ(missing.code, ErrorCode::NotFound);
    EXPECT_NE(missing.message.find("nowhere"), std::string::npos);
}

TEST_F(FeedFixture, FeedsEveryByteAndRotatesTheLargestFileOnce) {
    const std::string odd("no newline at the end \0 \r\xff", 26);
    write("big", lines(0, 500));
    write("odd", odd);
    write("empty", "");
    FeedPlan plan;
    for (const char* name : {"big", "odd", "empty"}) {
        plan.inputs.push_back({path(name), path(std::string(name) + ".log"), 0});
    }
    plan.period = milliseconds{1'000};
    FakeClock clock;
    auto feeder = Feeder::open(plan, clock);
    ASSERT_TRUE(feeder);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE((*feeder)->pump(milliseconds{20}));
    EXPECT_FALSE((*feeder)->progress().done);
    const std::uint64_t held = (*feeder)->progress().bytes;
    EXPECT_LT(held, lines(0, 500).size());
    (*feeder)->release();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*feeder)->pump(milliseconds{20}));
    ASSERT_TRUE((*feeder)->progress().done);
    EXPECT_EQ(content("big.log.1") + content("big.log"), lines(0, 500));
    EXPECT_EQ(content("odd.log"), odd);
    auto fed = (*feeder)->account();
    ASSERT_TRUE(fed);
    EXPECT_EQ((*fed)[0].files.size(), 2U);
    EXPECT_EQ((*fed)[0].files[0].lines + (*fed)[0].files[1].lines, 500U);
    EXPECT_EQ((*fed)[1].files[0].lines, 1U);
    EXPECT_EQ((*fed)[2].files[0].lines, 0U);
    for (const FedInput& input : *fed) EXPECT_TRUE(input.comparison.exact());
}

TEST_F(FeedFixture, CountsALineOnceThoughItIsWrittenInPieces) {
    auto watched = WatchedFile::create(path("x.log"));
    ASSERT_TRUE(watched);
    for (const char* piece : {"ab", "cd", "ef\n", "\n", "g"}) {
        ASSERT_TRUE(watched->append(piece, milliseconds{1}));
    }
    EXPECT_EQ(watched->files().back().lines, 3U);
    EXPECT_EQ(watched->files().back().bytes, 9U);
}

TEST_F(FeedFixture, ReportsAFullDisk) {
    // /dev/full would be refused as no regular file, so the limit on file size stands in for the
    // disk.
    auto watched = WatchedFile::create(path("x.log"));
    ASSERT_TRUE(watched);
    EXPECT_EXIT(
        {
            signal(SIGXFSZ, SIG_IGN);
            rlimit limit{};
            limit.rlim_cur = limit.rlim_max = 10;
            setrlimit(RLIMIT_FSIZE, &limit);
            const Status outcome = watched->append("0123456789abcdef", milliseconds{0});
            std::exit(outcome ? 1 : 7);
        },
        testing::ExitedWithCode(7), "");
}

TEST(ProducedFile, TellsWhenAByteWasWritten) {
    ProducedFile file;
    file.growth = {{milliseconds{10}, 100}, {milliseconds{20}, 200}};
    EXPECT_EQ(file.written_at(0), milliseconds{10});
    EXPECT_EQ(file.written_at(100), milliseconds{20});
    EXPECT_EQ(file.written_at(500), milliseconds{20});
}

}  // namespace
}  // namespace spillway::daemon::quickstart
