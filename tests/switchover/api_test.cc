#include "switchover/api_json.h"
#include "tests/switchover/world.h"

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

class Api : public ::testing::Test {
  protected:
    Api() {
        for (int i = 0; i < 6; ++i) {
            world.run_canaries();
            world.tick();
        }
        world.run_backups();
        world.region("sh").create(World::ref("sh"));
        world.run_canaries();
        world.tick();
    }

    Result<json::value> call(std::string_view method, std::vector<std::string> path,
                             json::object body = {}) {
        ApiRequest request;
        request.method = method;
        request.path = std::move(path);
        request.body = std::move(body);
        request.who = "tester";
        return handle(world.controller(), request);
    }

    World world;
};

TEST_F(Api, PlansStartsFollowsAndReports) {
    const auto plan = call("POST", {"pairs", "app", "plan"}, {{"to", "sh"}});
    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_TRUE(plan->as_object().at("blockers").as_array().empty());
    EXPECT_NE(plan_text(plan->as_object()).find("0 blocker(s)"), std::string::npos);

    const auto started =
        call("POST", {"pairs", "app", "operations"},
             {{"to", "sh"}, {"plan_digest", plan->as_object().at("digest").as_string()}});
    ASSERT_TRUE(started) << started.error().to_string();
    EXPECT_EQ(started->as_object().at("operation").as_string(), "app-e2");
    EXPECT_EQ(call("GET", {"operations", "app-e2", "report"}).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(world.run_until([&] {
        return call("GET", {"operations", "app-e2"})->as_object().at("phase").as_string() == "done";
    }));
    const auto operation = call("GET", {"operations", "app-e2"});
    EXPECT_NE(operation_text(operation->as_object()).find("switchover of pair app from hz to sh"),
              std::string::npos);
    const auto report = call("GET", {"operations", "app-e2", "report"});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->as_object().at("schema").as_string(), "spillway/v1/report");
    const auto listed = call("GET", {"pairs", "app", "operations"});
    EXPECT_EQ(listed->as_object().at("operations").as_array().size(), 1u);
}

TEST_F(Api, TellsTheStateOfRegionsPairsAndBackups) {
    const auto status = call("GET", {"status"});
    ASSERT_TRUE(status);
    const auto& object = status->as_object();
    EXPECT_EQ(object.at("regions").as_array().size(), 2u);
    const auto& pair = object.at("pairs").as_array().at(0).as_object();
    EXPECT_EQ(pair.at("active").as_string(), "hz");
    EXPECT_EQ(pair.at("state").as_string(), "steady");
    EXPECT_EQ(object.at("backups").as_array().size(), 2u);
}

TEST_F(Api, ExplainsARegionInSentences) {
    const auto region = call("GET", {"regions", "hz"});
    ASSERT_TRUE(region) << region.error().to_string();
    EXPECT_NE(region_text(region->as_object()).find("hz is healthy since"), std::string::npos);
    EXPECT_NE(region_text(region->as_object()).find("0 of the last 6 canaries failed"),
              std::string::npos);
    EXPECT_EQ(call("GET", {"regions", "bj"}).error().code, ErrorCode::NotFound);
    const auto audit = call("GET", {"audit"});
    ASSERT_TRUE(audit);
    EXPECT_TRUE(audit->as_object().at("pairs").as_array().at(0).as_object().at("intact").as_bool());
}

TEST_F(Api, RefusesWhatItCannotRead) {
    const auto code = [&](json::object body) {
        return call("POST", {"pairs", "app", "plan"}, std::move(body)).error().code;
    };
    EXPECT_EQ(code({}), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({{"to", "sh"}, {"kind", "jump"}}), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({{"to", "sh"}, {"accept_loss_ms", "30s"}}), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({{"to", "sh"}, {"accept_loss_ms", -1}}), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({{"to", "sh"}, {"force", "yes"}}), ErrorCode::InvalidArgument);
    EXPECT_EQ(code({{"to", "bj"}}), ErrorCode::NotFound);
    EXPECT_EQ(code({{"to", "hz"}}), ErrorCode::InvalidArgument);
    EXPECT_EQ(call("POST", {"pairs", "nope", "plan"}, {{"to", "sh"}}).error().code,
              ErrorCode::NotFound);
    EXPECT_EQ(call("POST", {"pairs", "app", "operations"}, {{"to", "sh"}, {"kind", "failover"}})
                  .error()
                  .code,
              ErrorCode::InvalidArgument);  // a failover needs a reason
}

TEST_F(Api, UnknownPathsSaySo) {
    for (const auto& path : {std::vector<std::string>{"nope"},
                             {"pairs", "app"},
                             {"operations"},
                             {"operations", "x", "explode"},
                             {"backups", "x", "y"}}) {
        const auto answer = call("PUT", path);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().service_code, "NoSuchRoute");
    }
}

TEST_F(Api, BacksUpListsShowsAndRestores) {
    const auto taken = call("POST", {"backups"}, {{"region", "hz"}});
    ASSERT_TRUE(taken) << taken.error().to_string();
    const auto listed = call("GET", {"backups"});
    ASSERT_TRUE(listed);
    const auto id = std::string(
        taken->as_object().at("backups").as_array().at(0).as_object().at("id").as_string());
    const auto whole = call("GET", {"backups", id});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->as_object().at("snapshot").as_object().at("configs").as_array().size(), 1u);
    const auto restored = call("POST", {"backups", id, "restore"});
    ASSERT_TRUE(restored);
    EXPECT_TRUE(restored->as_object().at("changes").as_array().empty());
}

TEST_F(Api, ABackupRoundShowsTheRegionThatDidNotAnswer) {
    world.region("sh").go_dark();
    const auto taken = call("POST", {"backups"});
    ASSERT_TRUE(taken);
    const auto& heads = taken->as_object().at("backups").as_array();
    ASSERT_EQ(heads.size(), 2u);
    EXPECT_TRUE(heads[0].as_object().at("refused").as_string().empty());
    EXPECT_NE(std::string(heads[1].as_object().at("refused").as_string()).find("refused"),
              std::string::npos);
}

}  // namespace
}  // namespace spillway::switchover
