#include "logstore/server/addressing.h"

#include <gtest/gtest.h>

namespace spillway::server {
namespace {

TEST(Addressing, TakesTheFirstLabelForTheProject) {
    for (const auto* host : {"pay.localhost", "pay.localhost:7101", "pay.127.0.0.1",
                             "pay.127.0.0.1:7101", "pay.cn-hangzhou.log.aliyuncs.com",
                             "pay.region.test:80", "PAY.localhost", "pay.local."}) {
        EXPECT_EQ(project_of_host(host), ProjectName("pay")) << host;
    }
}

TEST(Addressing, FindsNoProjectInABareAddress) {
    for (const auto* host : {"", "localhost", "localhost:7101", "127.0.0.1", "127.0.0.1:7101",
                             "[::1]:7101", "cn-hangzhou.log.aliyuncs.com", "build-host:80"}) {
        EXPECT_TRUE(project_of_host(host).empty()) << host;
    }
}

TEST(Addressing, PrefersTheUrlOfAProxyRequestThenTheHostThenTheHeader) {
    HttpRequest request;
    request.headers.add("Host", "127.0.0.1:7101");
    request.headers.add("x-log-project", "from-header");
    EXPECT_EQ(project_of(request, parse_target("/logstores")), ProjectName("from-header"));
    EXPECT_EQ(project_of(request, parse_target("http://pay.any.endpoint:80/logstores")),
              ProjectName("pay"));
    request.headers.set("Host", "from-host.localhost");
    EXPECT_EQ(project_of(request, parse_target("/logstores")), ProjectName("from-host"));
}

}  // namespace
}  // namespace spillway::server
