#include "logstore/server/faults.h"

#include "server_fixture.h"

#include <thread>

namespace spillway::server {
namespace {

std::vector<Fault> faults_of(std::string_view text) {
    auto faults = parse_faults(*parse_json_object(text));
    EXPECT_TRUE(faults) << faults.error().message;
    return faults ? *faults : std::vector<Fault>{};
}

TEST(Faults, ReadWhatTheyWrite) {
    const auto faults = faults_of(R"({"faults":[{"kind":"delay","op":"PutLogs","delay_ms":20},
        {"kind":"error","code":"ServerBusy","rate":0.25},{"kind":"clock-skew","skew_s":-900}]})");
    EXPECT_EQ(*parse_faults(faults_json(faults)), faults);
}

TEST(Faults, RefuseWhatMakesNoSense) {
    for (const auto* text : {R"({})", R"({"faults":[1]})", R"({"faults":[{"kind":"explode"}]})",
                             R"({"faults":[{"kind":"delay"}]})", R"({"faults":[{"kind":"error"}]})",
                             R"({"faults":[{"kind":"refuse","rate":2}]})"}) {
        EXPECT_FALSE(parse_faults(*parse_json_object(text))) << text;
    }
}

/// What the list says of one fault; "OK" when it takes it.
std::string verdict(const std::string& fault) {
    auto faults = parse_faults(*parse_json_object(R"({"faults":[{)" + fault + "}]}"));
    return faults ? "OK" : faults.error().message;
}

TEST(Faults, NameAnOperationThatExists) {
    const auto refuse = [](const std::string& operation) {
        return verdict(R"("kind":"refuse","op":")" + operation + "\"");
    };
    for (const auto* known : {"*", "PutLogs", "putlogs", "PullLogs", "GetCursor", "ListProject",
                              "GetLogs", "ConsumerGroupHeartBeat", "GetAppliedConfigs"}) {
        EXPECT_EQ(refuse(known), "OK") << known;
    }
    EXPECT_NE(refuse("PutLog").find("did you mean PutLogs?"), std::string::npos);
    EXPECT_NE(refuse("everything").find("CreateProject"), std::string::npos) << "names them all";
    EXPECT_EQ(faults_of(R"({"faults":[{"kind":"refuse","op":"pulllogs"}]})")[0].operation,
              "PullLogs");
}

TEST(Faults, AreBoundedAndNeverDoNothing) {
    EXPECT_EQ(verdict(R"("kind":"delay","delay_ms":600000)"), "OK");
    EXPECT_EQ(verdict(R"("kind":"clock-skew","skew_s":-31536000)"), "OK");
    EXPECT_EQ(verdict(R"("kind":"error","code":"Server.Busy")"), "OK");
    for (const std::string wrong :
         {R"("kind":"delay","delay_ms":600001)", R"("kind":"delay","delay_ms":-1)",
          R"("kind":"delay","delay_ms":"20")", R"("kind":"delay","delay_ms":1e300)",
          R"("kind":"delay","delay_ms":9223372036854775807)",
          R"("kind":"clock-skew","skew_s":9223372036854775807)",
          R"("kind":"clock-skew","skew_s":-9223372036854775808)", R"("kind":"clock-skew")",
          R"("kind":"clock-skew","skew_s":5,"op":"PutLogs")",
          R"("kind":"clock-skew","skew_s":5,"rate":0.5)", R"("kind":"disk-full","op":"PullLogs")",
          R"("kind":"error","code":"a b")", R"("kind":"error","code":"x\r\ny: z")",
          R"("kind":"error","code":7)"}) {
        EXPECT_NE(verdict(wrong), "OK") << wrong;
    }
}

TEST(Faults, StrikeByOperationAndRate) {
    const auto faults = faults_of(
        R"({"faults":[{"kind":"refuse","op":"PutLogs","rate":0.5},{"kind":"read-only"}]})");
    const auto low = [] { return 0.1; };
    const auto high = [] { return 0.9; };
    EXPECT_EQ(strike(faults, "putlogs", true, low)->kind, FaultKind::Refuse);
    EXPECT_EQ(strike(faults, "PutLogs", true, high)->kind, FaultKind::ReadOnly);
    EXPECT_FALSE(strike(faults, "PullLogs", false, low));
}

class FaultyServer : public ServerFixture {
  protected:
    void switch_on(const std::string& faults) {
        const auto response =
            send("PUT", "/admin/faults", R"({"faults":[)" + faults + "]}", {}, "localhost");
        ASSERT_EQ(response.status, 200) << response.body;
    }
    void clear() { EXPECT_EQ(send("DELETE", "/admin/faults", "", {}, "localhost").status, 200); }
    /// True when the connection ended without an answer.
    bool is_dropped(const std::string& path) {
        HttpCall call;
        call.method = "POST";
        call.url = "http://" + server_->address() + path;
        call.headers.add("Host", "pay.localhost");
        const auto body = group("dropped");
        call.body = body;
        return !client_.send(call);
    }
};

TEST_F(FaultyServer, RefusesThrottlesAndErrsAsTold) {
    create(1);
    switch_on(R"({"kind":"throttle","op":"PutLogs"})");
    EXPECT_EQ(put("a"), "403 WriteQuotaExceed");
    switch_on(R"({"kind":"error","code":"ServerBusy","op":"GetCursor"})");
    EXPECT_EQ(put("b"), "OK");
    EXPECT_EQ(outcome("GET", "/logstores/app/shards/0?type=cursor&from=end"), "503 ServerBusy");
    switch_on(R"({"kind":"refuse","op":"PutLogs"})");
    EXPECT_TRUE(is_dropped("/logstores/app/shards/lb"));
    switch_on(R"({"kind":"read-only"})");
    EXPECT_EQ(outcome("POST", "/logstores", R"({"logstoreName":"x1","ttl":1,"shardCount":1})"),
              "503 ServerBusy");
    clear();
    EXPECT_EQ(put("c"), "OK");
    const auto metrics = send("GET", "/metrics", "", {}, "localhost").body;
    EXPECT_NE(metrics.find("spillway_region_faults_total{kind=\"throttle\",op=\"PutLogs\"} 1"),
              std::string::npos);
}

TEST_F(FaultyServer, StrikesOperationsThatShareAPath) {
    create(1);
    const std::string group = "/logstores/app/consumergroups";
    EXPECT_EQ(outcome("POST", group, R"({"consumerGroup":"g","timeout":30,"order":false})"), "OK");
    switch_on(R"({"kind":"throttle","op":"ConsumerGroupHeartBeat"},
                 {"kind":"throttle","op":"ListProject"})");
    EXPECT_EQ(outcome("POST", group + "/g?type=heartbeat&consumer=a", "[]"),
              "403 WriteQuotaExceed");
    EXPECT_EQ(send("GET", "/", "", {}, "localhost").status, 403);
    EXPECT_EQ(outcome("GET", "/"), "OK");
}

TEST_F(FaultyServer, DropsTheReplyOfAWriteThatIsStored) {
    create(1);
    switch_on(R"({"kind":"drop-reply","op":"PutLogs"})");
    EXPECT_TRUE(is_dropped("/logstores/app/shards/lb"));
    clear();
    EXPECT_EQ(texts(send("GET", "/logstores/app/shards/0?type=log&cursor=" + cursor("begin"))),
              std::vector<std::string>{"dropped"});
}

TEST_F(FaultyServer, FrozenRequestsAreAnsweredWhenTheFaultIsCleared) {
    create(1);
    switch_on(
        R"({"kind":"freeze","op":"PutLogs"},{"kind":"delay","op":"ListShards","delay_ms":1})");
    std::string frozen;
    std::thread writer([&] { frozen = put("a"); });
    EXPECT_EQ(outcome("GET", "/logstores/app/shards"), "OK") << "delayed, but answered";
    while (send("GET", "/metrics", "", {}, "localhost")
               .body.find("spillway_region_faults_total{kind=\"freeze\"") == std::string::npos) {
    }
    EXPECT_EQ(cursor("begin"), cursor("end"));
    clear();
    writer.join();
    EXPECT_EQ(frozen, "OK");
}

}  // namespace
}  // namespace spillway::server
