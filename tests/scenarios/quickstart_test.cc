// The story with real processes, real sockets and kill -9. Slow (about half a minute each): only
// what nothing smaller can show.

#include "base/json.h"
#include "base/storage/durable_file.h"
#include "tests/scenarios/quickstart_process.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

namespace spillway::scenarios {
namespace {

using std::chrono::seconds;

class QuickstartScenario : public testing::Test {
  protected:
    QuickstartScenario() {
        std::string name = testing::TempDir() + "/spillway-scenario-XXXXXX";
        directory_ = mkdtemp(name.data());
        std::filesystem::create_directory(scratch());
    }
    ~QuickstartScenario() override { std::filesystem::remove_all(directory_); }

    std::string scratch() const { return directory_ + "/tmp"; }
    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }
    json::object report() const {
        auto text = read_file(path("report.json"));
        if (!text) return {};
        auto object = parse_json_object(*text);
        return object ? *object : json::object{};
    }
    std::string report_text() const {
        return read_file(path("report.json")).value_or(std::string());
    }
    void expect_nothing_left(const QuickstartProcess& process) const {
        EXPECT_TRUE(process.living_children().empty()) << process.output();
        EXPECT_TRUE(std::filesystem::is_empty(scratch()));
    }

    std::string directory_;
};

std::string random_bytes_with_newlines(std::size_t count) {
    std::mt19937 random(7);
    std::string bytes;
    while (bytes.size() < count) bytes.push_back(static_cast<char>(random() & 0xff));
    return bytes;
}

std::string crlf_lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        text += "081109 20" + std::to_string(i) + " INFO block blk_" + std::to_string(i * 7919) +
                (i % 3 == 0 ? "\r\n" : "\n");
    }
    return text + "a last line without newline";
}

TEST_F(QuickstartScenario, LosesNothingOfAnyInputWhenARegionDies) {
    const std::string growing = write("growing.log", "it begins\n");
    QuickstartProcess process(scratch(), {"--fast", "--report", path("report.json"), "--file",
                                          write("crlf.log", crlf_lines(3'000)), "--file",
                                          write("random.bin", random_bytes_with_newlines(300'000)),
                                          "--file", write("empty.log", ""), "--file", growing});
    ASSERT_TRUE(process.wait_for("input flows", seconds{40})) << process.output();
    std::ofstream(growing, std::ios::app) << "it grows\n";
    ASSERT_TRUE(process.wait_for("killing region hz", seconds{40})) << process.output();
    std::filesystem::rename(growing, growing + ".1");
    std::ofstream(growing) << "it was rotated\n";
    ASSERT_EQ(process.finish(seconds{80}), 0) << process.output() << report_text();
    const json::object told = report();
    EXPECT_EQ(find_bool(told, "holds"), true);
    EXPECT_EQ(find_bool(told, "settled"), true) << process.output();
    EXPECT_EQ(told.at("missing").at("lines").to_number<int>(), 0);
    EXPECT_EQ(told.at("copied_twice_by_the_link").to_number<int>(), 0);
    EXPECT_EQ(told.at("order").at("kept").as_bool(), true) << report_text();
    EXPECT_EQ(told.at("inputs").at(3).at("generations").to_number<int>(), 2);
    EXPECT_EQ(told.at("inputs").at(3).at("produced").at("lines").to_number<int>(), 3);
    expect_nothing_left(process);
}

TEST_F(QuickstartScenario, HoldsThoughEveryProcessIsKilledOnce) {
    std::atomic<QuickstartProcess*> running = nullptr;
    std::atomic<int> next = 0;
    // One process dies whenever the story has moved on a little.
    const std::vector<std::pair<std::string, std::string>> kills{
        {"input flows", "agent web-1"},       {"produced ", "daemon"},
        {"produced ", "region hz"},           {"killing region hz", "agent web-2"},
        {"failover start", "region sh"},      {"is active", "daemon"},
        {"starting region hz", "agent web-3"}};
    QuickstartProcess process(
        scratch(),
        {"--fast", "--report", path("report.json"), "--file", write("a.log", crlf_lines(2'000)),
         "--file", write("b.log", random_bytes_with_newlines(100'000)), "--file",
         write("c.log", crlf_lines(1'500))},
        [&](const std::string& line) {
            const auto index = static_cast<std::size_t>(next.load());
            const QuickstartProcess* self = running;
            if (self == nullptr || index >= kills.size()) return;
            if (line.find(kills[index].first) == std::string::npos) return;
            ++next;
            const pid_t victim = self->pid_of(kills[index].second);
            if (victim > 0) kill(victim, SIGKILL);
        });
    running = &process;
    const int status = process.finish(seconds{110});
    ASSERT_EQ(status, 0) << process.output();
    EXPECT_GE(next.load(), 5) << process.output();
    EXPECT_EQ(report().at("missing").at("lines").to_number<int>(), 0);
    EXPECT_GE(report().at("processes_restarted").to_number<int>(), 4);
    expect_nothing_left(process);
}

TEST_F(QuickstartScenario, LeavesNothingBehindWhenInterrupted) {
    QuickstartProcess process(scratch(), {"--fast", "--file", write("a.log", crlf_lines(2'000))});
    ASSERT_TRUE(process.wait_for("input flows", seconds{40})) << process.output();
    EXPECT_GE(process.living_children().size(), 6U);
    process.send(SIGINT);
    EXPECT_EQ(process.finish(seconds{20}), 130) << process.output();
    expect_nothing_left(process);
}

TEST_F(QuickstartScenario, LeavesNoProcessBehindWhenKilled) {
    QuickstartProcess process(scratch(), {"--fast", "--file", write("a.log", crlf_lines(2'000))});
    ASSERT_TRUE(process.wait_for("input flows", seconds{40})) << process.output();
    process.send(SIGKILL);
    process.finish(seconds{20});
    for (int i = 0; i < 400 && !process.living_children().empty(); ++i) usleep(10'000);
    EXPECT_TRUE(process.living_children().empty()) << process.output();
}

TEST_F(QuickstartScenario, SaysWhatIsWrongWithWhatWasTyped) {
    write("precious", "x");
    QuickstartProcess not_empty(scratch(), {"--data", directory_});
    EXPECT_EQ(not_empty.finish(seconds{20}), 2);
    EXPECT_NE(not_empty.output().find("is not empty"), std::string::npos);
    QuickstartProcess missing(scratch(), {"--file", path("nowhere.log")});
    EXPECT_NE(missing.finish(seconds{20}), 0);
    EXPECT_NE(missing.output().find("nowhere.log"), std::string::npos);
    expect_nothing_left(missing);
}

}  // namespace
}  // namespace spillway::scenarios
