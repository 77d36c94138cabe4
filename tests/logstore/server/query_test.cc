// GetLogs, GetHistograms and pulls with a query, as the official clients send them.
#include "base/text.h"
#include "logstore/client/region_client.h"
#include "logstore/server/log_query.h"
#include "logstore/server/log_scan.h"
#include "server_fixture.h"

#include <algorithm>

namespace spillway::server {
namespace {

using Texts = std::vector<std::string>;

class Query : public ServerFixture {
  protected:
    void SetUp() override {
        ServerFixture::SetUp();
        create(2);
        EXPECT_EQ(outcome("POST", "/logstores/app/index", R"({"line":{"token":[" "]}})"), "OK");
    }
    /// One log a group; `n` is its text, `time` its own time.
    void put_at(std::uint32_t time, const std::string& text, const std::string& topic = "t") {
        LogGroup group;
        group.topic = topic;
        group.source = "src";
        group.tags = {{"env", "prod"}};
        group.logs = {{time, std::nullopt, {{"m", text}, {"level", time % 2 ? "odd" : "even"}}}};
        EXPECT_EQ(outcome("POST", "/logstores/app/shards/lb", wire::encode(group)), "OK");
    }
    std::string target(const std::string& more) {
        return "/logstores/app?type=log&from=0&to=2000000000" + more;
    }
    static Texts texts_of(const json::array& logs) {
        Texts texts;
        for (const auto& log : logs) texts.emplace_back(log.as_object().at("m").as_string());
        return texts;
    }
    Texts found(const std::string& more) { return texts_of(get(target(more)).as_array()); }
};

TEST_F(Query, FindsLogsByTheirOwnTimeAndListsThemInItsOrder) {
    for (const int second : {5, 3, 9, 1, 7}) put_at(1000 + second, std::to_string(second));
    EXPECT_EQ(found(""), (Texts{"1", "3", "5", "7", "9"}));
    EXPECT_EQ(found("&reverse=true&line=2"), (Texts{"9", "7"}));
    EXPECT_EQ(found("&line=2&offset=1"), (Texts{"3", "5"}));
    EXPECT_EQ(found("&line=0"), Texts{});
    EXPECT_EQ(found("&offset=5"), Texts{});
    EXPECT_EQ(texts_of(get("/logstores/app?type=log&from=1003&to=1007").as_array()),
              (Texts{"3", "5"}))
        << "from belongs to the range, to does not";
}

TEST_F(Query, AnswersTheOldFormWithABareArrayAndHeaders) {
    put_at(1000, "a b");
    const auto response = send("GET", target("&query=m:a"));
    EXPECT_EQ(response.headers.find("x-log-progress"), "Complete");
    EXPECT_EQ(response.headers.find("x-log-count"), "1");
    EXPECT_EQ(response.headers.find("x-log-has-sql"), "false");
    EXPECT_EQ(response.headers.find("x-log-where-query"), "m:a");
    const auto log = parse_json(response.body)->as_array().at(0).as_object();
    EXPECT_EQ(log.at("__time__").as_string(), "1000");
    EXPECT_EQ(log.at("__topic__").as_string(), "t");
    EXPECT_EQ(log.at("__source__").as_string(), "src");
    EXPECT_EQ(log.at("__tag__:env").as_string(), "prod");
    EXPECT_EQ(log.at("m").as_string(), "a b");
}

TEST_F(Query, AnswersTheNewFormWithMetaAndDataCompressedWhereAsked) {
    put_at(1000, "x");
    const std::string body =
        R"({"from":0,"to":"2000000000","line":100,"offset":0,"reverse":true,"query":"*",
            "powerSql":false,"accurate":true,"fromNs":0,"toNs":0,"forward":true})";
    const auto plain = send("POST", "/logstores/app/logs", body);
    ASSERT_EQ(plain.status, 200) << plain.body;
    EXPECT_FALSE(plain.headers.find("x-log-bodyrawsize"));
    const auto object = *parse_json_object(plain.body);
    const auto& meta = object.at("meta").as_object();
    EXPECT_EQ(meta.at("progress").as_string(), "Complete");
    EXPECT_EQ(meta.at("count").to_number<int>(), 1);
    EXPECT_FALSE(meta.at("hasSQL").as_bool());
    EXPECT_EQ(meta.at("whereQuery").as_string(), "*");
    EXPECT_EQ(texts_of(object.at("data").as_array()), Texts{"x"});

    const auto packed = send("POST", "/logstores/app/logs", body, {{"Accept-Encoding", "lz4"}});
    EXPECT_EQ(packed.headers.find("x-log-compresstype"), "lz4");
    const auto raw_bytes = parse_uint(*packed.headers.find("x-log-bodyrawsize"));
    const auto raw = wire::decompress(Codec::Lz4, packed.body, *raw_bytes);
    ASSERT_TRUE(raw);
    EXPECT_EQ(texts_of(parse_json_object(*raw)->at("data").as_array()), Texts{"x"});
}

TEST_F(Query, FiltersByWordsFieldsTopicAndStages) {
    put_at(1000, "disk full");
    put_at(1001, "disk fine", "other");
    put_at(1002, "net down");
    EXPECT_EQ(found("&query=disk"), (Texts{"disk full", "disk fine"}));
    EXPECT_EQ(found("&query=disk+and+not+full"), Texts{"disk fine"});
    EXPECT_EQ(found("&query=level%3A+odd+or+m%3A+net"), (Texts{"disk fine", "net down"}));
    EXPECT_EQ(found("&query=*&topic=other"), Texts{"disk fine"});
    EXPECT_EQ(found("&query=disk+|+where+level+%3D+'odd'"), Texts{"disk fine"});
    const auto projected =
        get(target("&query=" + percent_encode("net | project m"))).as_array().at(0).as_object();
    EXPECT_FALSE(projected.contains("level"));
}

TEST_F(Query, RefusesInTheServicesWords) {
    EXPECT_EQ(outcome("GET", "/logstores/app?type=log&from=5&to=5"), "400 InvalidTimeRange");
    EXPECT_EQ(outcome("GET", "/logstores/app?type=log&from=x&to=5"), "400 InvalidTimeRange");
    EXPECT_EQ(outcome("GET", target("&line=101")), "400 InvalidLine");
    EXPECT_EQ(outcome("GET", target("&offset=-1")), "400 InvalidOffset");
    for (const std::string maybe : {"maybe", "1", "tru"}) {
        EXPECT_EQ(outcome("GET", target("&reverse=" + maybe)), "400 InvalidReverse") << maybe;
    }
    for (const std::string known : {"", "true", "True", "FALSE"}) {
        EXPECT_EQ(outcome("GET", target("&reverse=" + known)), "OK") << known;
    }
    EXPECT_EQ(outcome("POST", "/logstores/app/logs", R"({"from":0,"to":5,"reverse":7})"),
              "400 InvalidReverse");
    EXPECT_EQ(outcome("GET", target("&query=(a")), "400 InvalidQueryString");
    EXPECT_EQ(outcome("GET", target("&query=*+|+wherever")), "400 ParameterInvalid");
    EXPECT_EQ(outcome("GET", target("&query=*+|+select+count(1)")), "400 NotSupported");
    EXPECT_EQ(outcome("GET", "/logstores/app?type=context_log"), "400 NotSupported");
    EXPECT_EQ(outcome("GET", "/logstores/none?type=log&from=0&to=5"), "404 LogStoreNotExist");
    EXPECT_EQ(outcome("DELETE", "/logstores/app/index"), "OK");
    EXPECT_EQ(outcome("GET", target("")), "400 IndexConfigNotExist");
    EXPECT_EQ(outcome("GET", "/logstores/app/index"), "404 IndexConfigNotExist");
}

TEST_F(Query, HistogramsCountWhatGetLogsFinds) {
    for (const int second : {0, 0, 61, 119}) put_at(1200 + second, "x");
    for (const std::string path : {"/logstores/app", "/logstores/app/index"}) {
        const auto response =
            send("GET", path + "?type=histogram&from=1190&to=1320&interval=60&topic=&query=*");
        ASSERT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.headers.find("x-log-count"), "4");
        EXPECT_EQ(response.headers.find("x-log-progress"), "Complete");
        std::string shown;
        const auto buckets = *parse_json(response.body);
        for (const auto& bucket : buckets.as_array()) {
            const auto& each = bucket.as_object();
            shown += std::to_string(each.at("from").as_int64()) + "-" +
                     std::to_string(each.at("to").as_int64()) + ":" +
                     std::to_string(each.at("count").to_number<int>()) + " ";
            EXPECT_EQ(each.at("progress").as_string(), "Complete");
        }
        EXPECT_EQ(shown, "1190-1200:0 1200-1260:2 1260-1320:2 ");
    }
}

TEST(HistogramBounds, AreWholeStepsAndNeverTooMany) {
    EXPECT_EQ(histogram_bounds(0, 3, 0), (std::vector<std::int64_t>{0, 1, 2, 3}));
    EXPECT_EQ(histogram_bounds(7, 8, 0), (std::vector<std::int64_t>{7, 8}));
    EXPECT_LE(histogram_bounds(0, 900, 0).size(), 62U);
    for (const std::int64_t interval : {0, 1, 60, 1 << 30}) {
        for (const std::int64_t to : {2'000'000'000LL, 4'000'000'000LL, 1LL << 33}) {
            for (const std::int64_t from : {0LL, 1LL, 1'000'000'007LL}) {
                const auto bounds = histogram_bounds(from, to, interval);
                EXPECT_LE(bounds.size(), 1001U) << from << " " << to << " " << interval;
                EXPECT_EQ(bounds.front(), from);
                EXPECT_EQ(bounds.back(), to);
                EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
            }
        }
    }
}

TEST_F(Query, RefusesTimesOutOfTheWorldInEveryForm) {
    // Milliseconds, and the largest number there is: neither may be walked bucket by bucket.
    for (const std::string far : {"8589934593", "1700000000000", "9223372036854775807"}) {
        for (const std::string type : {"log", "histogram"}) {
            const auto path = "/logstores/app?type=" + type;
            EXPECT_EQ(outcome("GET", path + "&from=0&to=" + far), "400 InvalidTimeRange") << far;
            EXPECT_EQ(outcome("GET", path + "&from=" + far + "&to=5"), "400 InvalidTimeRange");
        }
        EXPECT_EQ(outcome("POST", "/logstores/app/logs", R"({"from":0,"to":)" + far + "}"),
                  "400 InvalidTimeRange");
    }
    const auto widest = send("GET", "/logstores/app?type=histogram&from=0&to=8589934592");
    ASSERT_EQ(widest.status, 200);
    EXPECT_LE(parse_json(widest.body)->as_array().size(), 1000U);
}

TEST_F(Query, SaysWhenTheSearchStoppedEarly) {
    for (int i = 0; i < 10; ++i) put_at(1000, std::string(1000, 'x'));
    LogsRequest request;
    request.filter.to_s = 2000;
    const auto all =
        find_logs(*engine_, {ProjectName("pay"), LogstoreName("app")}, request, {}, clock_);
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->facts.is_complete);
    EXPECT_EQ(all->logs.size(), 10U);
    ScanLimits none;
    none.raw_bytes_max = 1;
    const auto some =
        find_logs(*engine_, {ProjectName("pay"), LogstoreName("app")}, request, none, clock_);
    ASSERT_TRUE(some);
    EXPECT_FALSE(some->facts.is_complete);
    EXPECT_LT(some->logs.size(), 10U);
}

TEST_F(Query, LargeLogsAreAnsweredAFewAtATimeAndTheOffsetReadsOn) {
    const std::string large(3'000'000, 'x');
    for (int i = 0; i < 5; ++i) put_at(1000 + i, std::to_string(i) + large);
    std::string seen;
    for (int offset = 0; offset < 5;) {
        const auto page = send("GET", target("&offset=" + std::to_string(offset)));
        ASSERT_EQ(page.status, 200);
        EXPECT_LT(page.body.size(), 11'000'000U);
        const auto texts = texts_of(parse_json(page.body)->as_array());
        ASSERT_FALSE(texts.empty());
        EXPECT_EQ(page.headers.find("x-log-count"), std::to_string(texts.size()));
        for (const auto& text : texts) seen += text[0];
        offset += static_cast<int>(texts.size());
        EXPECT_EQ(page.headers.find("x-log-progress"), offset < 5 ? "Incomplete" : "Complete");
    }
    EXPECT_EQ(seen, "01234");
}

TEST_F(Query, ALogLargerThanAnAnswerIsAnsweredAlone) {
    for (int i = 0; i < 3; ++i) put_at(1000, std::string(1000, 'x'));
    LogsRequest request;
    request.filter.to_s = 2000;
    ScanLimits little;
    little.answer_bytes_max = 1;
    const auto found =
        find_logs(*engine_, {ProjectName("pay"), LogstoreName("app")}, request, little, clock_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->logs.size(), 1U);
    EXPECT_FALSE(found->facts.is_complete);
}

TEST_F(Query, APullRunsItsQueryAndMovesOverWhatItLeavesOut) {
    const std::string pull = "/logstores/app/shards/0?type=log&pullMode=scan_on_stream&cursor=" +
                             percent_encode(cursor("begin"));
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(put("r" + std::to_string(i), "/shards/route?key=00"), "OK");
    }
    const auto one = send("GET", pull + "&query=" + percent_encode("* | where m = 'r2'"), "",
                          {{"Accept-Encoding", "lz4"}});
    ASSERT_EQ(one.status, 200) << one.body;
    EXPECT_EQ(texts(one), Texts{"r2"});
    EXPECT_EQ(one.headers.find("x-log-cursor"), cursor("end"));
    EXPECT_EQ(one.headers.find("x-log-rawdatacount"), "4");
    EXPECT_EQ(one.headers.find("x-log-rawdatalines"), "4");
    EXPECT_EQ(one.headers.find("x-log-resultlines"), "1");
    EXPECT_EQ(one.headers.find("x-log-failedlines"), "0");
    EXPECT_GT(*parse_uint(*one.headers.find("x-log-rawdatasize")),
              *parse_uint(*one.headers.find("x-log-bodyrawsize")));
    EXPECT_FALSE(one.headers.find("x-log-read-last-cursor"));
    const auto none = send("GET", pull + "&count=3&query=" + percent_encode("* | where m = 'z'"),
                           "", {{"Accept-Encoding", "lz4"}});
    EXPECT_EQ(none.headers.find("x-log-count"), "0");
    EXPECT_EQ(none.headers.find("x-log-bodyrawsize"), "0");
    EXPECT_EQ(none.headers.find("x-log-rawdatacount"), "3");
    EXPECT_EQ(none.body, std::string(1, '\0'));
    EXPECT_NE(none.headers.find("x-log-cursor"), cursor("begin"));
    EXPECT_EQ(outcome("GET", pull + "&query=" + percent_encode("* | extend a = 1")),
              "400 ParameterInvalid");
    EXPECT_EQ(outcome("GET", pull + "&processor=p"), "400 NotSupported");
}

TEST_F(Query, OurOwnClientSendsAQueryAndReadsWhatWasScanned) {
    for (const std::string text : {"a", "b", "a"}) {
        EXPECT_EQ(put(text, "/shards/route?key=00"), "OK");
    }
    client::RegionClientOptions options;
    options.endpoint = "http://" + server_->address();
    auto region = client::RegionClient::open(options, clock_);
    ASSERT_TRUE(region);
    PullRequest request;
    request.from = Cursor(cursor("begin"));
    request.query = "* | where m = 'b'";
    const auto page =
        (*region)->pull({ProjectName("pay"), LogstoreName("app")}, ShardId(0), request);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->group_count, 1U);
    EXPECT_EQ(page->next.str(), cursor("end"));
    ASSERT_TRUE(page->scanned);
    EXPECT_EQ(page->scanned->groups, 3U);
    EXPECT_EQ(page->scanned->logs, 3U);
    EXPECT_GT(page->scanned->raw_bytes, page->raw_bytes);
    request.query = "* | sort by m";
    EXPECT_EQ((*region)
                  ->pull({ProjectName("pay"), LogstoreName("app")}, ShardId(0), request)
                  .error()
                  .service_code,
              "ParameterInvalid");
}

}  // namespace
}  // namespace spillway::server
