// Every published signing vector, as the client that makes it and as the server that checks it.
#include "base/json.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/http_time.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/signature.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

std::filesystem::path vectors_file() {
    const char* given = std::getenv("SPILLWAY_SHARED_DIR");
    return std::filesystem::path(given != nullptr ? given : "../shared") /
           "reference/signing-vectors.json";
}

class SigningVectors : public ::testing::Test {
  protected:
    void SetUp() override {
        std::ifstream in(vectors_file());
        if (!in) {
            GTEST_SKIP() << "SKIPPED: no " << vectors_file().string()
                         << "; set SPILLWAY_SHARED_DIR to the folder that holds reference/";
        }
        std::stringstream text;
        text << in.rdbuf();
        auto parsed = parse_json_object(text.str());
        ASSERT_TRUE(parsed) << parsed.error().to_string();
        all_ = *std::move(parsed);
        key_ = {text_of(all_, "access_key_id"), text_of(all_, "access_key_secret"), ""};
    }

    static std::string text_of(const json::object& object, std::string_view key) {
        return find_string(object, key).value_or("");
    }

    /// The request as its client builds it before signing: nothing that signing adds.
    static HttpRequest unsigned_request(const json::object& vector, const json::object& sent) {
        HttpRequest request = received_request(vector, sent);
        HttpHeaders kept;
        for (const auto& header : request.headers.all()) {
            const auto name = to_lower(header.name);
            if (name == "host" || name == "content-type" || name == "x-log-bodyrawsize" ||
                name == "x-log-compresstype" || name.starts_with("accept")) {
                kept.add(header.name, header.value);
            }
        }
        request.headers = kept;
        return request;
    }

    /// The request as it arrives at a server.
    static HttpRequest received_request(const json::object& vector, const json::object& sent) {
        HttpRequest request;
        request.method = text_of(vector, "method");
        request.target = text_of(vector, "resource");
        const std::string query = text_of(vector, "query_on_wire");
        if (!query.empty()) request.target += "?" + query;
        request.body = from_hex(text_of(vector, "body_hex")).value_or("");
        for (const auto& header : sent) {
            request.headers.add(header.key(), std::string(header.value().as_string()));
        }
        return request;
    }

    template <class Check>
    void for_each_vector(Check check) {
        const auto* cases = find_array(all_, "cases");
        ASSERT_NE(cases, nullptr);
        ASSERT_FALSE(cases->empty());
        for (const auto& item : *cases) {
            const auto& vector = item.as_object();
            SCOPED_TRACE(text_of(vector, "name"));
            for (const auto* version : {"v1", "v4"}) {
                SCOPED_TRACE(version);
                check(vector, vector.at(version).as_object(),
                      std::string_view(version) == "v1" ? SignVersion::V1 : SignVersion::V4);
            }
        }
    }

    WallTime now() const { return parse_http_date(text_of(all_, "v1_date")).value(); }

    json::object all_;
    Credentials key_;
};

TEST_F(SigningVectors, ComeOutOfOurClient) {
    for_each_vector(
        [&](const json::object& vector, const json::object& wanted, SignVersion version) {
            HttpRequest request = unsigned_request(vector, wanted.at("headers_sent").as_object());
            Credentials key = key_;
            key.security_token = text_of(vector, "security_token");
            sign(request, key, {version, text_of(all_, "region")}, now());
            EXPECT_EQ(request.headers.find("authorization"), text_of(wanted, "authorization"));
            if (version == SignVersion::V1) {
                EXPECT_EQ(v1_string_to_sign(request), text_of(wanted, "string_to_sign"));
            } else {
                EXPECT_EQ(v4_canonical_request(request), text_of(wanted, "canonical_request"));
                EXPECT_EQ(v4_string_to_sign(request, text_of(all_, "region")),
                          text_of(wanted, "string_to_sign"));
            }
        });
}

TEST_F(SigningVectors, PassOurServer) {
    const auto secret_of = [&](std::string_view id) -> std::optional<std::string> {
        if (id != key_.access_key_id) return std::nullopt;
        return key_.access_key_secret;
    };
    for_each_vector([&](const json::object& vector, const json::object& wanted, SignVersion) {
        const HttpRequest request = received_request(vector, wanted.at("headers_sent").as_object());
        const auto verified = verify(request, secret_of, now());
        ASSERT_TRUE(verified) << verified.error().to_string();
        EXPECT_EQ(*verified, key_.access_key_id);
        HttpRequest forged = request;
        forged.target += forged.target.find('?') == std::string::npos ? "?a=b" : "&a=b";
        EXPECT_FALSE(verify(forged, secret_of, now()));
    });
}

TEST_F(SigningVectors, BodiesAreGroupsWeRead) {
    const auto* fixture = find_object(all_, "protobuf_fixture");
    ASSERT_NE(fixture, nullptr);
    const auto raw = from_hex(text_of(*fixture, "loggroup2_hex"));
    const auto block = from_hex(text_of(*fixture, "loggroup2_lz4_block_hex"));
    ASSERT_TRUE(raw && block);
    const auto decoded = decompress(Codec::Lz4, *block, raw->size());
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, *raw);
    const auto group = LogGroupView::parse(*raw);
    ASSERT_TRUE(group);
    EXPECT_TRUE(group->validate());
    EXPECT_EQ(group->log_count(), 21U);
}

}  // namespace
}  // namespace spillway::wire
