#include "statistics/power.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "statistics/rank_tests.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

double simulated_power(std::size_t pairs, double shift, double level) {
    constexpr int kStudies = 4000;
    Random random(20261126);
    int shown = 0;
    for (int study = 0; study < kStudies; ++study) {
        std::vector<double> changes(pairs);
        for (double& change : changes) change = shift + random.normal();
        shown += signed_rank(testing::sample(changes), 0).p_value <= level ? 1 : 0;
    }
    return static_cast<double>(shown) / kStudies;
}

TEST(Power, MeetsSimulation) {
    for (const double level : {0.05, 0.0033}) {
        for (const std::size_t pairs : {6, 10, 15, 20, 30, 50}) {
            const auto shift = smallest_shift(pairs, {.level = level});
            if (pairs == 6 && level < 0.05) {
                EXPECT_FALSE(shift);
                continue;
            }
            ASSERT_TRUE(shift);
            EXPECT_NEAR(signed_rank_power(pairs, *shift, level), 0.8, 1e-9);
            EXPECT_NEAR(simulated_power(pairs, *shift, level), 0.8, 0.03)
                << pairs << " pairs, level " << level;
        }
    }
}

TEST(Power, FivePairsShowNothingAtFivePercent) {
    EXPECT_EQ(signed_rank_power(5, 100), 0);
    EXPECT_FALSE(smallest_shift(5));
    EXPECT_TRUE(smallest_shift(6));
}

TEST(Power, PairsAndShiftAreInverse) {
    for (const double shift : {0.2, 0.5, 1.0, 3.0}) {
        const auto pairs = pairs_for(shift);
        ASSERT_TRUE(pairs);
        EXPECT_GE(signed_rank_power(*pairs, shift), 0.8);
        EXPECT_LT(signed_rank_power(*pairs - 1, shift), 0.8);
        EXPECT_LE(*smallest_shift(*pairs), shift);
    }
    EXPECT_FALSE(pairs_for(0.005));
}

TEST(Power, RefusesWhatIsNoDesign) {
    EXPECT_THROW(smallest_shift(10, {.level = 0}), Error);
    EXPECT_THROW(smallest_shift(10, {.level = 0.05, .power = 0.01}), Error);
    EXPECT_THROW(pairs_for(0), Error);
    EXPECT_THROW(signed_rank_power(10, 1, 1), Error);
}

}  // namespace
}  // namespace espalier::statistics
