#include "imports/counter.h"

#include <gtest/gtest.h>

namespace espalier::imports {
namespace {

TEST(Counter, AddsTheRisesBetweenFirstAndLast) {
    Counter counter(Counter::Width::k32Bits);
    EXPECT_FALSE(counter.joules());
    counter.read(0.0, 1000.0);
    EXPECT_FALSE(counter.joules());
    counter.read(0.2, 1010.0);
    counter.read(0.4, 1030.0);
    EXPECT_DOUBLE_EQ(*counter.joules(), 30.0);
}

TEST(Counter, FollowsAWrapOfAUsualRegister) {
    // 20 J up to 262 144 J = 2^32 x 2^-14 J, then 30 J more: 100 W and 150 W.
    Counter counter(Counter::Width::k32Bits);
    counter.read(0.0, 262124.0);
    EXPECT_EQ(counter.read(0.5, 30.0), Counter::Step::kWrapped);
    EXPECT_DOUBLE_EQ(*counter.joules(), 50.0);
    EXPECT_EQ(counter.wraps(), 1);
}

TEST(Counter, LeavesAGapWhereItFellForAnotherReason) {
    Counter reset(Counter::Width::k32Bits);
    reset.read(0.0, 50.0);
    EXPECT_EQ(reset.read(0.2, 0.0), Counter::Step::kFell);
    EXPECT_FALSE(reset.joules());
    EXPECT_NE(reset.problem().find("from 50 to 0"), std::string::npos);
    Counter wide(Counter::Width::k64Bits);
    wide.read(0.0, 262124.0);
    EXPECT_EQ(wide.read(0.5, 30.0), Counter::Step::kFell);
    EXPECT_FALSE(wide.joules());
}

}  // namespace
}  // namespace espalier::imports
