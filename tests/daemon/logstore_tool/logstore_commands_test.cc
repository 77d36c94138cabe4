// spillway logstore ... as it is typed, against a region served in this process.
#include "base/json.h"
#include "daemon/commands/commands.h"
#include "daemon/region_options.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

class LogstoreCommands : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_cli_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        engine::EngineOptions options;
        options.path = folder_ + "/region";
        auto opened = engine::Engine::open(options, clock_, null_event_log(), nullptr);
        ASSERT_TRUE(opened) << opened.error().to_string();
        engine_ = *std::move(opened);
        server::RegionServerOptions serve;
        serve.keys = *server::KeyFile::parse("AKtest secret\n");
        auto started =
            server::RegionServer::start(serve, *engine_, clock_, null_event_log(), metrics_);
        ASSERT_TRUE(started) << started.error().to_string();
        server_ = *std::move(started);
        ::setenv("SPILLWAY_TEST_ID", "AKtest", 1);
        ::setenv("SPILLWAY_TEST_SECRET", "secret", 1);
        ::unsetenv("SPILLWAY_ACCESS_KEY_ID");
        ::unsetenv("SPILLWAY_ACCESS_KEY_SECRET");
    }
    void TearDown() override {
        server_.reset();
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// Runs "logstore WORDS" with the endpoint, project and key; leaves its words in out_ and err_.
    int run(std::vector<std::string> words, const std::string& input = {}) {
        for (const auto* word : {"--project", "pay-hz", "--access-key-id-env", "SPILLWAY_TEST_ID",
                                 "--access-key-secret-env", "SPILLWAY_TEST_SECRET"}) {
            words.emplace_back(word);
        }
        return run_unsigned(std::move(words), input);
    }
    int run_unsigned(std::vector<std::string> words, const std::string& input = {}) {
        words.insert(words.begin(), "logstore");
        words.insert(words.end(), {"--endpoint", "http://" + server_->address()});
        return run_words(words, input);
    }
    int run_words(const std::vector<std::string>& words, const std::string& input = {}) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        Streams streams{in, out, err};
        const int status = run_command_line(logstore_commands(), words, streams);
        out_ = out.str();
        err_ = err.str();
        return status;
    }

    SystemClock clock_;
    MetricsRegistry metrics_;
    std::string folder_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<server::RegionServer> server_;
    std::string out_;
    std::string err_;
};

TEST_F(LogstoreCommands, TheWholeWayFromCreateToPull) {
    EXPECT_EQ(run({"create", "app", "--shards", "1", "--ttl", "7"}), kExitDone) << err_;
    EXPECT_EQ(out_, "created Logstore pay-hz/app: 1 shard, kept 7 days\n");
    EXPECT_EQ(err_, "created project pay-hz\n");
    EXPECT_EQ(run({"create", "app"}), kExitFailed);
    EXPECT_NE(err_.find("LogStoreAlreadyExist"), std::string::npos) << err_;

    EXPECT_EQ(run({"put", "app", "--topic", "t", "--source", "s", "--tag", "a=b=c"}, "x\r\n\xFF\n"),
              kExitDone)
        << err_;
    EXPECT_NE(out_.find("2 logs acknowledged in 1 group "), std::string::npos) << out_;
    EXPECT_EQ(run({"pull", "app"}), kExitDone) << err_;
    const std::string first = out_.substr(0, out_.find('\n'));
    const auto log = parse_json_object(first);
    ASSERT_TRUE(log) << first;
    EXPECT_EQ(find_string(*log, "topic"), "t");
    EXPECT_EQ(find_string(*find_object(*log, "tags"), "a"), "b=c");
    EXPECT_EQ(find_string(*find_object(*log, "fields"), "content"), "x\r");
    EXPECT_NE(out_.find(R"({"content":{"base64":"/w=="}})"), std::string::npos);

    const std::string pulled = out_;
    EXPECT_EQ(run({"put", "app", "--json", "--sign", "v4", "--sls-region", "cn-local"}, pulled),
              kExitDone)
        << err_;
    EXPECT_EQ(run({"pull", "app", "--count", "3"}), kExitDone);
    EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 3);
    EXPECT_EQ(run({"tail", "app", "--from", "begin", "--limit", "4"}), kExitDone) << err_;
    EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 4);

    EXPECT_EQ(run({"ls", "-o", "json"}), kExitDone);
    EXPECT_NE(out_.find(R"("ttl_days": 7)"), std::string::npos) << out_;
    EXPECT_EQ(run({"stat", "app"}), kExitDone);
    EXPECT_NE(out_.find("readwrite"), std::string::npos) << out_;
    EXPECT_EQ(run({"stat", "app", "-o", "json"}), kExitDone);
    const auto stat = parse_json_object(out_);
    ASSERT_TRUE(stat);
    EXPECT_EQ(find_int(find_array(*stat, "shards")->at(0).as_object(), "groups_max"), 2);
}

TEST_F(LogstoreCommands, WrongUsageIsTwoAndSaysHowItGoes) {
    struct Case {
        std::vector<std::string> words;
        const char* said;
    };
    for (const auto& c :
         {Case{{"create", "app", "--shards", "0"}, "--shards"},
          Case{{"create", "App"}, "lower-case"},
          Case{{"put", "app", "--tag", "novalue"}, "KEY=VALUE"},
          Case{{"put", "app", "--compress", "gzip"}, "lz4, zstd"},
          Case{{"pull", "app", "--from", "yesterday"}, "begin, end"},
          Case{{"pull", "app", "--from", "cursor:MQ=="}, "--shard"},
          Case{{"pull", "app", "--shard", "x"}, "--shard"},
          Case{{"pull", "app", "--count", "0"}, "--count"},
          Case{{"ls", "-o", "xml"}, "table or json"}, Case{{"ls", "--sign", "v3"}, "v1 or v4"},
          Case{{"ls", "--sign", "v4"}, "--sls-region"}}) {
        SCOPED_TRACE(c.said);
        EXPECT_EQ(run(c.words), kExitUsage);
        EXPECT_NE(err_.find(c.said), std::string::npos) << err_;
        EXPECT_TRUE(out_.empty());
    }
}

TEST_F(LogstoreCommands, EachFailureHasItsStatusAndItsAdvice) {
    EXPECT_EQ(run_unsigned({"ls", "-p", "pay-hz"}), kExitNotPermitted);
    EXPECT_NE(err_.find("--access-key-id-env"), std::string::npos) << err_;
    EXPECT_EQ(run({"pull", "none"}), kExitFailed);
    EXPECT_NE(err_.find("spillway logstore create"), std::string::npos) << err_;
    EXPECT_EQ(run({"put", "app", "--file", folder_ + "/none"}), kExitFailed);
    EXPECT_NE(err_.find(folder_ + "/none"), std::string::npos) << err_;
    EXPECT_EQ(run_words({"logstore", "ls", "-p", "pay-hz", "--endpoint", "http://127.0.0.1:1"}),
              kExitFailed);
    EXPECT_NE(err_.find("is the region running"), std::string::npos) << err_;
    EXPECT_EQ(run_words({"logstore", "ls", "-p", "pay-hz", "--endpoint", "ftp://x"}), kExitUsage);
}

TEST_F(LogstoreCommands, APartThatWasAcknowledgedIsFour) {
    ASSERT_EQ(run({"create", "app"}), kExitDone) << err_;
    EXPECT_EQ(run({"put", "app", "--json"}, "{\"a\":\"1\"}\n{\"a\":\"2\"}\nnot json\n"),
              kExitPartly);
    EXPECT_NE(out_.find("2 logs acknowledged"), std::string::npos) << out_;
    EXPECT_NE(err_.find("line 3"), std::string::npos) << err_;
    EXPECT_NE(err_.find("lines from 3 on were not acknowledged"), std::string::npos) << err_;
    EXPECT_EQ(run({"put", "app", "--json"}, "not json\n"), kExitFailed);
}

TEST_F(LogstoreCommands, PutReadsAFileByteForByte) {
    ASSERT_EQ(run({"create", "app", "--shards", "1"}), kExitDone);
    const std::string path = folder_ + "/lines";
    std::ofstream(path, std::ios::binary) << "one\r\ntwo";
    EXPECT_EQ(run({"put", "app", "--file", path, "--compress", "none"}), kExitDone) << err_;
    EXPECT_EQ(run({"pull", "app"}), kExitDone);
    EXPECT_NE(out_.find("\"one\\r\""), std::string::npos) << out_;
    EXPECT_NE(out_.find("\"two\""), std::string::npos);
}

TEST_F(LogstoreCommands, SecretsComeFromVariablesOrFilesThatMustBeThere) {
    ASSERT_EQ(run({"create", "app"}), kExitDone);
    const auto ls = [this](const std::vector<std::string>& key) {
        std::vector<std::string> words = {"ls", "-p", "pay-hz"};
        words.insert(words.end(), key.begin(), key.end());
        return run_unsigned(words);
    };
    EXPECT_EQ(ls({"--access-key-id-env", "SPILLWAY_TEST_NONE"}), kExitUsage);
    EXPECT_NE(err_.find("SPILLWAY_TEST_NONE"), std::string::npos) << err_;
    const std::string path = folder_ + "/secret";
    const std::vector<std::string> with_file = {"--access-key-id-env", "SPILLWAY_TEST_ID",
                                                "--access-key-secret-file", path};
    EXPECT_EQ(ls(with_file), kExitUsage);
    EXPECT_NE(err_.find(path), std::string::npos) << err_;
    std::ofstream(path) << "secret\n";
    EXPECT_EQ(ls(with_file), kExitDone) << err_;
    std::ofstream(path) << "other\n";
    EXPECT_EQ(ls(with_file), kExitNotPermitted);
    EXPECT_EQ(err_.find("other"), std::string::npos) << "no message shows a secret";
    ::setenv("SPILLWAY_ACCESS_KEY_ID", "AKtest", 1);
    ::setenv("SPILLWAY_ACCESS_KEY_SECRET", "secret", 1);
    EXPECT_EQ(ls({}), kExitDone) << err_;
}

TEST_F(LogstoreCommands, AReaderThatHasEnoughEndsThePullInSilence) {
    ASSERT_EQ(run({"create", "app"}), kExitDone);
    ASSERT_EQ(run({"put", "app"}, "x\n"), kExitDone);
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    out.setstate(std::ios::badbit);
    Streams streams{in, out, err};
    EXPECT_EQ(
        run_command_line(logstore_commands(),
                         {"logstore", "pull", "app", "-p", "pay-hz", "--endpoint",
                          "http://" + server_->address(), "--access-key-id-env", "SPILLWAY_TEST_ID",
                          "--access-key-secret-env", "SPILLWAY_TEST_SECRET"},
                         streams),
        kExitFailed);
    EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace spillway::daemon
