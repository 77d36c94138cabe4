#include "daemon/cli.h"

#include <sstream>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

class CommandLine : public testing::Test {
  protected:
    int run(std::vector<std::string> words) {
        std::vector<Command> table{
            {"thing make",
             "Make a thing",
             "",
             {{"NAME", "what it is called"}},
             {{"size", 's', "N", "how large", "3"},
              {"force", 'f', "", "do not ask"},
              {"tag", 0, "K=V", "a tag", "", false, true},
              {"owner", 0, "WHO", "who owns it", "", true}},
             [this](const Arguments& arguments, Streams&) {
                 seen_ = arguments;
                 return 42;
             }},
            {"thing list",
             "List things",
             "",
             {{"FILTER", "which", false, true}},
             {},
             [this](const Arguments& arguments, Streams&) {
                 seen_ = arguments;
                 return 43;
             }},
        };
        Streams streams{in_, out_, err_};
        return run_command_line(table, words, streams);
    }

    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    Arguments seen_;
};

TEST_F(CommandLine, GivesTheCommandWhatWasTyped) {
    EXPECT_EQ(run({"thing", "make", "box", "--size=7", "-f", "--tag", "a=1", "--tag", "b=2",
                   "--owner", "me"}),
              42);
    EXPECT_EQ(seen_.positional("NAME"), "box");
    EXPECT_EQ(seen_.get("size"), "7");
    EXPECT_TRUE(seen_.has("force"));
    EXPECT_EQ(seen_.all("tag"), (std::vector<std::string>{"a=1", "b=2"}));
}

TEST_F(CommandLine, UsesTheFallbackOfAFlagThatWasNotGiven) {
    EXPECT_EQ(run({"thing", "make", "box", "--owner", "me"}), 42);
    EXPECT_EQ(seen_.get("size"), "3");
    EXPECT_FALSE(seen_.has("size"));
}

TEST_F(CommandLine, TakesEverythingAfterTwoDashesAsArguments) {
    EXPECT_EQ(run({"thing", "list", "--", "--odd-name", "-x"}), 43);
    EXPECT_EQ(seen_.positionals("FILTER"), (std::vector<std::string>{"--odd-name", "-x"}));
}

struct WrongLine {
    std::vector<std::string> words;
    std::string says;
};

class WrongUsage : public CommandLine, public testing::WithParamInterface<WrongLine> {};

TEST_P(WrongUsage, EndsWithTwoAndSaysWhatNow) {
    EXPECT_EQ(run(GetParam().words), kExitUsage);
    EXPECT_NE(err_.str().find(GetParam().says), std::string::npos) << err_.str();
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongUsage,
    testing::Values(
        WrongLine{{"thing", "mak", "box"}, "did you mean \"spillway thing make\"?"},
        WrongLine{{"thnig"}, "did you mean"}, WrongLine{{"thing"}, "spillway thing list"},
        WrongLine{{"thing", "make", "--owner", "me"}, "NAME is missing"},
        WrongLine{{"thing", "make", "box"}, "--owner is missing"},
        WrongLine{{"thing", "make", "box", "--ownr", "me"}, "did you mean --owner?"},
        WrongLine{{"thing", "make", "box", "--owner"}, "--owner needs a value"},
        WrongLine{{"thing", "make", "a", "b", "--owner", "me"}, "unexpected argument \"b\""},
        WrongLine{{"thing", "make", "a", "--force=1", "--owner", "me"}, "takes no value"},
        WrongLine{{"thing", "make", "a", "--owner", "x", "--owner", "y"}, "given twice"}));

TEST_F(CommandLine, HelpShowsEveryFlagWithItsFallback) {
    EXPECT_EQ(run({"thing", "make", "--help"}), kExitDone);
    EXPECT_NE(out_.str().find("-s, --size N"), std::string::npos);
    EXPECT_NE(out_.str().find("[3]"), std::string::npos);
    EXPECT_NE(out_.str().find("(required)"), std::string::npos);
}

TEST_F(CommandLine, ReportsAnErrorWithTheServicesWords) {
    Streams streams{in_, out_, err_};
    auto error = make_error(ErrorCode::Unauthenticated, "put hz/app");
    error.service_code = "SignatureNotMatch";
    error.http_status = 401;
    EXPECT_EQ(report_error(error, streams, "check the key"), kExitNotPermitted);
    EXPECT_EQ(err_.str(), "error: put hz/app (SignatureNotMatch, HTTP 401)\n  check the key\n");
}

}  // namespace
}  // namespace spillway::daemon
