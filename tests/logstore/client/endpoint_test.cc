#include "logstore/client/endpoint.h"

#include <gtest/gtest.h>

namespace spillway::client {
namespace {

TEST(Endpoint, ARealRegionHasTheProjectInItsHostName) {
    const auto endpoint = Endpoint::parse("https://cn-hangzhou.log.aliyuncs.com");
    ASSERT_TRUE(endpoint);
    const auto address = endpoint->address_for(ProjectName("pay"));
    EXPECT_EQ(address.base_url, "https://pay.cn-hangzhou.log.aliyuncs.com");
    EXPECT_EQ(address.host, "pay.cn-hangzhou.log.aliyuncs.com");
    const auto account = endpoint->address_for(ProjectName());
    EXPECT_EQ(account.base_url, "https://cn-hangzhou.log.aliyuncs.com");
    EXPECT_EQ(account.host, "cn-hangzhou.log.aliyuncs.com");
}

TEST(Endpoint, ALiteralAddressIsDialledAndOnlyTheHostHeaderNamesTheProject) {
    struct Case {
        const char* text;
        const char* base_url;
        const char* host;
    };
    for (const auto& c : {
             Case{"http://127.0.0.1:7101", "http://127.0.0.1:7101", "pay.127.0.0.1:7101"},
             Case{"127.0.0.1:7101", "http://127.0.0.1:7101", "pay.127.0.0.1:7101"},
             Case{"http://localhost:7101/", "http://localhost:7101", "pay.localhost:7101"},
             Case{"https://10.1.2.3", "https://10.1.2.3", "pay.10.1.2.3"},
             Case{"http://[::1]:7101", "http://[::1]:7101", "pay.localhost:7101"},
         }) {
        SCOPED_TRACE(c.text);
        const auto endpoint = Endpoint::parse(c.text);
        ASSERT_TRUE(endpoint);
        const auto address = endpoint->address_for(ProjectName("pay"));
        EXPECT_EQ(address.base_url, c.base_url);
        EXPECT_EQ(address.host, c.host);
    }
}

TEST(Endpoint, WithoutASchemeItIsHttpsUnlessItIsThisMachine) {
    EXPECT_EQ(Endpoint::parse("cn-hangzhou.log.aliyuncs.com")->url(),
              "https://cn-hangzhou.log.aliyuncs.com");
    EXPECT_EQ(Endpoint::parse("10.1.2.3:80")->url(), "https://10.1.2.3:80");
    EXPECT_EQ(Endpoint::parse("localhost:1")->url(), "http://localhost:1");
    EXPECT_EQ(Endpoint::parse("HTTPS://CN-Hangzhou.log.aliyuncs.com")->url(),
              "https://cn-hangzhou.log.aliyuncs.com");
}

TEST(Endpoint, RefusesWhatIsNotOneAndShowsTheForm) {
    for (const auto* text : {"", "http://", "ftp://a", "http://a/b", "http://a?x", "http://u@a",
                             "http://a:0", "http://a:x", "http://a:70000", "http://a b",
                             "http://.a", "http://[::1", "http://a\r\nX: y"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_FALSE(endpoint) << text;
        EXPECT_EQ(endpoint.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(endpoint.error().message.find("http://127.0.0.1:7101"), std::string::npos);
    }
}

}  // namespace
}  // namespace spillway::client
