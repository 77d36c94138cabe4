#include "base/net/http_wire.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(HttpHeaders, KeepSpellingAndOrderAndIgnoreCaseInLookUps) {
    HttpHeaders headers;
    headers.add("x-Log-A", "1");
    headers.add("X-LOG-A", "2");
    EXPECT_EQ(headers.find("x-log-a"), "1");
    EXPECT_EQ(headers.find("x-log-b"), std::nullopt);
    headers.set("X-Log-a", "3");
    EXPECT_EQ(headers.all(), (std::vector<HttpHeader>{{"X-Log-a", "3"}}));
}

TEST(HttpTarget, IsTakenApart) {
    const auto target = parse_target("/logstores/a%2Fb?type=log&x=&y&q=a%20b+c&type=2&&=z");
    EXPECT_EQ(target.host, "");
    EXPECT_EQ(target.path, "/logstores/a%2Fb");
    EXPECT_EQ(target.raw_query, "type=log&x=&y&q=a%20b+c&type=2&&=z");
    const std::vector<std::pair<std::string, std::string>> wanted{
        {"type", "log"}, {"x", ""}, {"y", ""}, {"q", "a b c"}, {"type", "2"}, {"", "z"}};
    EXPECT_EQ(target.query, wanted);
    EXPECT_EQ(target.find("type"), "log");
    EXPECT_EQ(target.find("x"), std::nullopt);
}

TEST(HttpTarget, TakesTheAbsoluteFormOfProxies) {
    const auto full = parse_target("HTTP://prj.host:80/p?x=1");
    EXPECT_EQ(full.host, "prj.host:80");
    EXPECT_EQ(full.path, "/p");
    EXPECT_EQ(full.find("x"), "1");
    EXPECT_EQ(parse_target("https://h").path, "/");
    EXPECT_EQ(parse_target("http://h?x=1").find("x"), "1");
    EXPECT_EQ(parse_target("").path, "/");
}

TEST(RequestHead, LosesItsLengthOnlyWhenTheBodyIsChunked) {
    const std::string both =
        "POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\nHost: x\r\nTransfer-encoding:  Chunked \r\n\r\n";
    EXPECT_EQ(normalise_head(both).text,
              "POST / HTTP/1.1\r\nHost: x\r\nTransfer-encoding:  Chunked \r\n\r\n");
    EXPECT_TRUE(normalise_head(both).dropped_length);
    const std::string sized = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(normalise_head(sized).text, sized);
    EXPECT_FALSE(normalise_head(sized).chunked);
    const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(normalise_head(chunked).text, chunked);
    EXPECT_TRUE(normalise_head(chunked).chunked);
    EXPECT_FALSE(normalise_head(chunked).dropped_length);
}

TEST(RequestHead, EndsBehindItsEmptyLine) {
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\r\nrest", 0), 18u);
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\r\n", 17),
              18u);  // the end straddles what was scanned
    EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\r", 0), std::nullopt);
}

TEST(ResponseHead, KeepsNamesAndCountsTheBodyItself) {
    HttpResponse response;
    response.status = 404;
    response.headers.add("x-log-requestid", "r");
    response.headers.add("Content-Length", "99");
    response.headers.add("Connection", "whatever");
    response.body = "four";
    EXPECT_EQ(response_head(response, false, true, false),
              "HTTP/1.1 404 Not Found\r\nx-log-requestid: r\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(response_head(response, true, false, false),
              "HTTP/1.1 404 Not Found\r\nx-log-requestid: r\r\nContent-Length: 99\r\n"
              "Connection: close\r\n\r\n");
    response.status = 204;
    EXPECT_EQ(response_head(response, false, true, true),
              "HTTP/1.1 204 No Content\r\nx-log-requestid: r\r\nConnection: keep-alive\r\n\r\n");
}

}  // namespace
}  // namespace spillway
