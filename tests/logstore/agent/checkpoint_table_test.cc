#include "logstore/agent/checkpoint_table.h"

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

CheckpointTable sample() {
    CheckpointTable table;
    FileCheckpoint plain;
    plain.path = "/var/log/app.log";
    plain.offset = 18'446'744'073'709'551'615ULL;
    plain.signature = {1024, 0xfedcba9876543210ULL};
    plain.updated_unix_s = 1'700'000'000;
    table.files[{{2049, 77}, "demo-hz$app"}] = plain;
    FileCheckpoint odd = plain;
    odd.path = "/var/log/\xff\xfe.log";
    odd.owed =
        OwedRange{900, {{RegionName("hz"), {ProjectName("p"), LogstoreName("l")}}, "t\xff", true}};
    table.files[{{2049, 78}, "demo-hz$app"}] = odd;
    table.watched_since_unix_ns["demo-hz$app"] = 1'700'000'000'123'456'789;
    return table;
}

TEST(CheckpointTable, ComesBackAsItWasWritten) {
    const auto back = parse_checkpoints(to_text(sample()));
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, sample());
}

TEST(CheckpointTable, NoticesEveryDamagedByteAndEveryCut) {
    const std::string text = to_text(sample());
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string damaged = text;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(parse_checkpoints(damaged)) << "byte " << at;
        EXPECT_FALSE(parse_checkpoints(text.substr(0, at))) << "cut at " << at;
    }
}

TEST(CheckpointTable, SaysWhyItRefuses) {
    const auto result = parse_checkpoints("rubbish");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Corrupt);
    EXPECT_NE(result.error().message.find("not a checkpoint file"), std::string::npos);
}

TEST(CheckpointTable, ForgetsWhatIsOldButNeverWhatIsOwed) {
    CheckpointTable table = sample();
    table.forget_before(1'700'000'001);
    ASSERT_EQ(table.files.size(), 1u);
    EXPECT_TRUE(table.files.begin()->second.owed);
}

}  // namespace
}  // namespace spillway::agent
