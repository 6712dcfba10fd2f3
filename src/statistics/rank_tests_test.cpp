#include "statistics/rank_tests.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "statistics/effect_size.h"

namespace espalier::statistics {
namespace {

Repetitions sample(const std::vector<double>& values) {
    std::vector<BlockValue> blocks;
    for (const double value : values) blocks.push_back({static_cast<std::int64_t>(blocks.size()), value});
    return Repetitions(blocks);
}

std::vector<double> rising(std::size_t count, double offset) {
    std::vector<double> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<double>(i * i) * 0.01 + offset);
    return values;
}

TEST(SignedRank, SmallestPByNumberOfPairs) {
    // Every difference negative and of another size gives the smallest p there is: 2^(1-n).
    for (const auto& [pairs, p] :
         {std::pair<std::size_t, double>{5, 0.0625}, {6, 0.03125}, {8, 0.0078125}, {10, 0.001953125}}) {
        std::vector<double> treated;
        for (std::size_t i = 0; i < pairs; ++i) treated.push_back(-1.0 - static_cast<double>(i));
        const TestResult result = signed_rank({sample(std::vector<double>(pairs, 0.0)), sample(treated)});
        EXPECT_DOUBLE_EQ(result.p_value, p);
        EXPECT_DOUBLE_EQ(smallest_signed_rank_p(pairs), p);
    }
}

TEST(SignedRank, NoDifferenceIsNoEvidence) {
    const TestResult result = signed_rank({sample({1, 2, 3}), sample({1, 2, 3})});
    EXPECT_EQ(result.p_value, 1.0);
    EXPECT_EQ(result.dropped, 3u);
    EXPECT_EQ(signed_rank({sample({}), sample({})}).p_value, 1.0);
}

TEST(SignedRank, ApproximationMeetsTheExactTestAtTheBorder) {
    Random random(3);
    std::vector<double> baseline;
    std::vector<double> treated;
    for (int i = 0; i < 201; ++i) {
        baseline.push_back(random.normal());
        treated.push_back(baseline.back() + 0.1 + 0.7 * random.normal());
    }
    const TestResult approximate = signed_rank({sample(baseline), sample(treated)});
    baseline.pop_back();
    treated.pop_back();
    const TestResult exact = signed_rank({sample(baseline), sample(treated)});
    EXPECT_FALSE(approximate.exact);
    EXPECT_TRUE(exact.exact);
    EXPECT_NEAR(approximate.p_value, exact.p_value, 0.02);
}

TEST(MannWhitney, SmallestPOfFiveAgainstFive) {
    EXPECT_NEAR(mann_whitney(sample(rising(5, 0)), sample(rising(5, 100))).p_value, 2.0 / 252, 1e-12);
}

TEST(MannWhitney, ApproximationOfLargeSamplesAgreesWithSymmetry) {
    const Repetitions first = sample(rising(60, 0));
    const Repetitions second = sample(rising(60, 0.3));
    const TestResult forward = mann_whitney(first, second);
    const TestResult backward = mann_whitney(second, first);
    EXPECT_FALSE(forward.exact);
    EXPECT_DOUBLE_EQ(forward.p_value, backward.p_value);
    EXPECT_DOUBLE_EQ(forward.statistic + backward.statistic, 3600);
}

TEST(MannWhitney, RefusesAnEmptySample) { EXPECT_THROW(mann_whitney(sample({}), sample({1})), Error); }

TEST(Holm, RefusesWhatIsNoProbability) {
    const std::vector<double> p = {0.1, NAN};
    EXPECT_THROW(holm(p), Error);
}

TEST(MidRanks, ShareTheirPlaces) {
    const std::vector<double> values = {3, 1, 3, 2, 3};
    EXPECT_EQ(mid_ranks(values), (std::vector<double>{4, 1, 4, 2, 4}));
}

TEST(EffectSize, Magnitudes) {
    EXPECT_EQ(magnitude(-0.1), "negligible");
    EXPECT_EQ(magnitude(0.147), "small");
    EXPECT_EQ(magnitude(-0.4), "medium");
    EXPECT_EQ(magnitude(1), "large");
    EXPECT_EQ(cliffs_delta(sample({2, 3}), sample({0, 1})), 1);
    EXPECT_EQ(a12(sample({1}), sample({1})), 0.5);
}

}  // namespace
}  // namespace espalier::statistics
