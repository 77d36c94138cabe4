// A region in a temporary folder behind its HTTP server on a port of the system's choice, and a
// client that speaks plain HTTP to it.
#pragma once

#include "base/event_log.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/net/http_client.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

class ServerFixture : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_server_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        start();
    }
    void TearDown() override {
        server_.reset();
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }
    /// Null: the real ones.
    virtual std::unique_ptr<engine::FileSystem> files() { return nullptr; }
    /// Opens the engine and the server, again if they are open.
    void start() {
        server_.reset();
        engine_.reset();
        engine::EngineOptions options;
        options.path = folder_ + "/region";
        options.region = RegionName("hz");
        options.quotas = quotas_;
        auto engine = engine::Engine::open(options, clock_, null_event_log(), &metrics_, files());
        ASSERT_TRUE(engine) << engine.error().message;
        engine_ = *std::move(engine);
        auto server =
            RegionServer::start(server_options_, *engine_, clock_, null_event_log(), metrics_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }

    HttpResponse send(const std::string& method, const std::string& target,
                      const std::string& body = {}, const Headers& headers = {},
                      const std::string& host = "pay.localhost") {
        HttpCall call;
        call.method = method;
        call.url = "http://" + server_->address() + target;
        call.headers.add("Host", host);
        for (const auto& [name, value] : headers) call.headers.add(name, value);
        call.body = body;
        auto response = client_.send(call);
        EXPECT_TRUE(response) << response.error().message;
        if (!response) return {};
        EXPECT_TRUE(response->headers.find("x-log-requestid")) << method << " " << target;
        if (response->status != 200) {
            EXPECT_EQ(response->headers.find("content-type"), "application/json");
        }
        return *std::move(response);
    }
    json::value get(const std::string& target) {
        auto response = send("GET", target);
        EXPECT_EQ(response.status, 200) << response.body;
        auto value = parse_json(response.body);
        return value ? *value : json::value();
    }
    /// "OK", or "STATUS CODE".
    std::string outcome(const std::string& method, const std::string& target,
                        const std::string& body = {}, const Headers& headers = {}) {
        const auto response = send(method, target, body, headers);
        if (response.status == 200) return "OK";
        auto error = parse_json_object(response.body);
        if (!error) return "not the error shape: " + response.body;
        EXPECT_FALSE(find_string(*error, "errorMessage").value_or("").empty());
        return std::to_string(response.status) + " " +
               find_string(*error, "errorCode").value_or("<none>");
    }
    void create(std::uint32_t shards = 2) {
        EXPECT_EQ(outcome("POST", "/", R"({"projectName":"pay","description":"d"})"), "OK");
        EXPECT_EQ(outcome("POST", "/logstores",
                          R"({"logstoreName":"app","ttl":30,"shardCount":)" +
                              std::to_string(shards) + "}"),
                  "OK");
    }
    static std::string group(const std::string& text) {
        wire::LogGroupWriter writer;
        writer.begin_log(1'700'000'000);
        writer.content("m", text);
        writer.end_log();
        return writer.take();
    }
    std::string put(const std::string& text, const std::string& path = "/shards/lb") {
        return outcome("POST", "/logstores/app" + path, group(text),
                       {{"Content-Type", "application/x-protobuf"}});
    }
    std::string cursor(const std::string& from, int shard = 0) {
        const auto value =
            get("/logstores/app/shards/" + std::to_string(shard) + "?type=cursor&from=" + from);
        return std::string(value.as_object().at("cursor").as_string());
    }
    /// The texts of one pull.
    static std::vector<std::string> texts(const HttpResponse& page) {
        auto raw_bytes = std::stoull(std::string(*page.headers.find("x-log-bodyrawsize")));
        const auto codec = *wire::parse_codec(page.headers.find("x-log-compresstype").value_or(""));
        auto list = codec == Codec::None ? Result<std::string>(page.body)
                                         : wire::decompress(codec, page.body, raw_bytes);
        EXPECT_TRUE(list);
        std::vector<std::string> all;
        (void)wire::for_each_group(*list, [&](std::string_view bytes) {
            wire::LogGroupView::parse(bytes)->for_each_log([&](const wire::LogView& log) {
                all.emplace_back(log.find("m").value_or(""));
                return true;
            });
            return true;
        });
        EXPECT_EQ(std::to_string(all.size()), *page.headers.find("x-log-count"));
        return all;
    }

    std::string folder_;
    SystemClock clock_;
    MetricsRegistry metrics_;
    RegionServerOptions server_options_;
    engine::QuotaSettings quotas_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<RegionServer> server_;
    HttpClient client_;
};

}  // namespace spillway::server
