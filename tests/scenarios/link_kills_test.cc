// A short run of the kills; `./dev kills` is the long one.
#include "tests/scenarios/link_kills.h"

#include "tests/base/temp_dir.h"

#include <gtest/gtest.h>

namespace spillway::scenarios {
namespace {

TEST(LinkKills, NothingIsLostDoubledOrOutOfOrderWhoeverIsKilled) {
    const test::TempDir folder;
    KillOptions options;
    options.program = SPILLWAY_BINARY;
    options.folder = folder.path();
    options.kills = 15;
    const auto outcome = kill_and_compare(options);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(outcome->is_exact()) << outcome->to_string();
}

}  // namespace
}  // namespace spillway::scenarios
