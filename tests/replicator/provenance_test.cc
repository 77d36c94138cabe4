#include "replicator/provenance.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

Provenance sample() {
    Provenance provenance;
    provenance.link = "app-hz-to-sh";
    provenance.shard = ShardId(3);
    provenance.first = 1'700'000'000'000'000'005;
    provenance.last = 1'700'000'000'000'000'009;
    provenance.epoch = 7;
    return provenance;
}

TEST(Provenance, HasTheFormThatReadersKnow) {
    EXPECT_EQ(format_provenance(sample()),
              "v1 link=app-hz-to-sh shard=3 cursor=1700000000000000005-1700000000000000009 epoch=7 "
              "hops=1");
}

TEST(Provenance, ReadsBackEverythingItWrites) {
    Provenance provenance = sample();
    EXPECT_EQ(parse_provenance(format_provenance(provenance)), provenance);
    provenance.hops = 3;
    provenance.part = 2;
    provenance.parts = 5;
    provenance.nth = 2;
    provenance.via = {"a", "b"};
    EXPECT_EQ(parse_provenance(format_provenance(provenance)), provenance);
}

TEST(Provenance, SkipsWordsOfLaterVersions) {
    const auto parsed = parse_provenance("v1 link=a shard=0 cursor=5-6 lane=heal-1");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->first, 5);
    EXPECT_EQ(parsed->hops, 1U);
}

TEST(Provenance, RefusesWhatIsNotOfItsForm) {
    for (const char* text :
         {"", "v2 link=a shard=0 cursor=1-2", "v1", "v1 link=a shard=0",
          "v1 link= shard=0 cursor=1-2", "v1 link=a shard=x cursor=1-2",
          "v1 link=a shard=0 cursor=2-1", "v1 link=a shard=0 cursor=12",
          "v1 link=a shard=0 cursor=1-99999999999999999999",
          "v1 link=a shard=5000000000 cursor=1-2", "v1 link=a shard=0 cursor=1-2 hops=many",
          "v1 link=a shard=0 cursor=1-2 word", "v1  link=a shard=0 cursor=1-2"}) {
        EXPECT_FALSE(parse_provenance(text)) << text;
    }
}

TEST(Provenance, KnowsTheLinksItPassed) {
    Provenance provenance = sample();
    provenance.via = {"earlier"};
    EXPECT_TRUE(passed_link(provenance, "app-hz-to-sh"));
    EXPECT_TRUE(passed_link(provenance, "earlier"));
    EXPECT_FALSE(passed_link(provenance, "other"));
}

}  // namespace
}  // namespace spillway::replicator
