#include "logstore/server/descriptors.h"

#include <gtest/gtest.h>

namespace spillway::server {
namespace {

TEST(Descriptors, LeaveTheStoreItsShareBeforeClientsGetAny) {
    EXPECT_EQ(connections_for(1024), 424U);
    EXPECT_EQ(connections_for(4096), 3496U);
    EXPECT_EQ(connections_for(1'048'576), 16'384U) << "more would cost memory, not descriptors";
    EXPECT_EQ(connections_for(UINT64_MAX), 16'384U) << "no limit";
}

TEST(Descriptors, ServeSomebodyWhateverTheLimit) {
    EXPECT_EQ(connections_for(0), 64U);
    EXPECT_EQ(connections_for(600), 64U);
    EXPECT_EQ(connections_for(664), 64U);
    EXPECT_EQ(connections_for(665), 65U);
}

}  // namespace
}  // namespace spillway::server
