#include "statistics/omnibus.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::sample;
using testing::samples;

TEST(Friedman, OfTwoTreatmentsIsTheSignTest) {
    // 8 of 10 blocks higher: chi2 = (8 - 2)^2 / 10.
    const Omnibus result = friedman(
        BlockedRepetitions(samples({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {1, 2, 3, 4, 5, 6, 7, 8, -1, -2}})));
    EXPECT_NEAR(result.statistic, 3.6, 1e-12);
    EXPECT_EQ(result.degrees_of_freedom, 1u);
    EXPECT_EQ(result.used, 10u);
}

TEST(Friedman, DoesNotSeeWhatABlockHasInCommon) {
    const auto calm = friedman(BlockedRepetitions(samples({{1, 2, 3}, {2, 1, 4}, {3, 4, 5}})));
    const auto drifting = friedman(BlockedRepetitions(samples({{1, 102, -7}, {2, 101, -6}, {3, 104, -5}})));
    EXPECT_DOUBLE_EQ(calm.statistic, drifting.statistic);
}

TEST(Friedman, OfNothingButTiesIsNoEvidence) {
    EXPECT_EQ(friedman(BlockedRepetitions(samples({{1, 2}, {1, 2}, {1, 2}}))).p_value, 1.0);
}

TEST(Friedman, RefusesWhatIsNoDesign) {
    EXPECT_THROW(friedman(BlockedRepetitions(samples({{1}, {2}}))), Error);
    EXPECT_THROW(BlockedRepetitions(samples({{1, 2}})), Error);
}

TEST(KruskalWallis, OfEqualValuesIsNoEvidence) {
    EXPECT_EQ(kruskal_wallis(samples({{1, 1}, {1, 1, 1}})).p_value, 1.0);
}

TEST(KruskalWallis, RefusesWhatIsNoSample) {
    EXPECT_THROW(kruskal_wallis(samples({{1, 2}})), Error);
    EXPECT_THROW(kruskal_wallis(samples({{1, 2}, {}})), Error);
}

TEST(HolmAfter, NothingIsShownThatTheOmnibusTestDoesNotShow) {
    const std::vector<double> p = {0.001, 0.5};
    EXPECT_EQ(holm_after(0.2, p), (std::vector<double>{0.2, 0.5}));
    EXPECT_EQ(holm_after(0.0001, p), (std::vector<double>{0.002, 0.5}));
    EXPECT_THROW(holm_after(NAN, p), Error);
}

TEST(BlockedRepetitions, KeepTheCompleteBlocks) {
    const std::vector<BlockValue> a = {{0, 1}, {1, 2}, {3, 4}};
    const std::vector<BlockValue> b = {{1, 20}, {2, 30}, {3, 40}};
    const std::vector<Repetitions> both = {Repetitions(a), Repetitions(b)};
    const BlockedRepetitions blocked(both);
    EXPECT_EQ(blocked.size(), 2u);
    EXPECT_EQ(blocked.incomplete(), 2u);
    EXPECT_EQ(blocked.treatment(1)[0], 20);
    EXPECT_EQ(blocked.pair(0, 1).differences(), (std::vector<double>{18, 36}));
    EXPECT_EQ(blocked.aligned().treatment(0)[1], -18);
    EXPECT_THROW(blocked.pair(0, 2), std::out_of_range);
}

}  // namespace
}  // namespace espalier::statistics
