#include "base/event_log.h"

#include "base/json.h"
#include "base/storage/durable_file.h"
#include "base/text.h"
#include "tests/base/temp_dir.h"

#include <cmath>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway {
namespace {

/// An event log into a file, and what it holds.
class LogFile {
  public:
    explicit LogFile(EventLogOptions options)
        : descriptor_(
              ::open((dir_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)),
          log_(make_event_log(descriptor_, options, clock_)) {}
    ~LogFile() { ::close(descriptor_); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    EventLog& log() { return *log_; }
    std::string text() { return *read_file(dir_ / "log"); }

  private:
    test::TempDir dir_;
    FakeClock clock_;
    int descriptor_;
    std::unique_ptr<EventLog> log_;
};

TEST(EventLog, WritesLogfmt) {
    LogFile file({LogFormat::Logfmt, LogLevel::Info});
    file.log().warn("link.stalled", "Link a->b stalls",
                    {{"link", "a"},
                     {"lag_seconds", 1.5},
                     {"shard", 3},
                     {"bytes", std::uint64_t{5}},
                     {"known", true},
                     {"path", "a b=\"c\""},
                     {"none", ""}});
    EXPECT_EQ(
        file.text(),
        "ts=2023-11-14T22:13:20.000Z level=warn event=link.stalled msg=\"Link a->b stalls\" "
        "link=a lag_seconds=1.5 shard=3 bytes=5 known=true path=\"a b=\\\"c\\\"\" none=\"\"\n");
}

TEST(EventLog, WritesJsonThatParses) {
    LogFile file({LogFormat::Json, LogLevel::Info});
    file.log().error("x.y", "a \"quoted\"\nline\x01",
                     {{"bytes", "bad \xff byte"}, {"nan", std::nan("")}, {"n", -7}, {"ok", false}});
    const auto object = parse_json_object(trim(file.text()));
    ASSERT_TRUE(object) << file.text();
    EXPECT_EQ(find_string(*object, "msg"), "a \"quoted\"\nline\x01");
    EXPECT_EQ(find_string(*object, "bytes"), "bad \xEF\xBF\xBD byte");
    EXPECT_EQ(find_string(*object, "nan"), "nan");
    EXPECT_EQ(find_int(*object, "n"), -7);
    EXPECT_EQ(find_bool(*object, "ok"), false);
    EXPECT_EQ(find_string(*object, "level"), "error");
}

TEST(EventLog, KeepsEveryEventOnOneLine) {
    LogFile file({LogFormat::Logfmt, LogLevel::Debug});
    file.log().debug("x", "first\nts=forged level=error", {{"v", "a\r\nb\tc\x7f"}});
    const std::string text = file.text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    EXPECT_NE(text.find("v=\"a\\r\\nb\\tc\\u007f\""), std::string::npos) << text;
}

TEST(EventLog, LeavesOutWhatIsBelowItsLevel) {
    LogFile file({LogFormat::Logfmt, LogLevel::Warn});
    file.log().debug("a", "a");
    file.log().info("b", "b");
    EXPECT_EQ(file.text(), "");
    file.log().error("c", "c");
    EXPECT_NE(file.text().find("event=c"), std::string::npos);
    null_event_log().error("d", "nothing happens");
}

TEST(EventLog, WritesWholeLinesFromManyThreads) {
    LogFile file({LogFormat::Json, LogLevel::Info});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 200; ++k) {
                file.log().info("x", std::string(300, 'm'), {{"k", k}});
            }
        });
    }
    for (auto& thread : threads) thread.join();
    const std::string text = file.text();
    const auto lines = split(text, '\n');
    ASSERT_EQ(lines.size(), 801u);
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) EXPECT_TRUE(parse_json_object(lines[i]));
}

TEST(EventLog, DropsLinesRatherThanStopWhenItsFileIsFull) {
    const FakeClock clock;
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    make_event_log(full, {}, clock)->error("x", "cannot be written");
    ::close(full);
}

TEST(EventLog, LeavesTheTimeToTheJournal) {
    test::TempDir dir;
    const FakeClock clock;
    const int file = ::open((dir / "log").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    struct stat found {};
    ASSERT_EQ(::fstat(file, &found), 0);
    const auto stream = std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
    make_event_log(file, {}, clock)->warn("x.y", "Careful");
    make_event_log(file, {LogFormat::Json, LogLevel::Info}, clock)->info("x.y", "Fine");
    ::setenv("JOURNAL_STREAM", "0:0", 1);
    make_event_log(file, {}, clock)->error("x.y", "Elsewhere");
    ::unsetenv("JOURNAL_STREAM");
    ::close(file);
    EXPECT_EQ(*read_file(dir / "log"),
              "<4>level=warn event=x.y msg=Careful\n"
              "<6>{\"level\":\"info\",\"event\":\"x.y\",\"msg\":\"Fine\"}\n"
              "ts=2023-11-14T22:13:20.000Z level=error event=x.y msg=Elsewhere\n");
}

TEST(EventLog, NamesWhatItCannotParse) {
    EXPECT_EQ(*parse_log_level("warn"), LogLevel::Warn);
    EXPECT_EQ(*parse_log_format("json"), LogFormat::Json);
    EXPECT_NE(parse_log_level("loud").error().message.find("\"loud\""), std::string::npos);
    EXPECT_NE(parse_log_format("xml").error().message.find("logfmt or json"), std::string::npos);
}

}  // namespace
}  // namespace spillway
