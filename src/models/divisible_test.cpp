#include "models/divisible.h"

#include <gtest/gtest.h>

namespace espalier::models {
namespace {

TEST(Divisible, TakesTheNearestMultiple) {
    EXPECT_EQ(divisible(24, 8), 24);
    EXPECT_EQ(divisible(27.9, 8), 24 + 8);  // 24 would be more than 10 % below
    EXPECT_EQ(divisible(26, 8), 24);
    EXPECT_EQ(divisible(44, 8), 48);  // a half goes up
}

TEST(Divisible, NeverFallsBelowTheLeast) {
    EXPECT_EQ(divisible(1, 8), 8);
    EXPECT_EQ(divisible(1, 4, 12), 12);
    EXPECT_EQ(divisible(3, 4, 6), 6);  // which need not be a multiple
}

TEST(RoundHalfEven, IsPythonsRound) {
    EXPECT_EQ(round_half_even(0.5), 0);
    EXPECT_EQ(round_half_even(1.5), 2);
    EXPECT_EQ(round_half_even(2.5), 2);
    EXPECT_EQ(round_half_even(2.51), 3);
}

}  // namespace
}  // namespace espalier::models
