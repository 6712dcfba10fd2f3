#include "statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "statistics/rank_tests.h"

namespace espalier::statistics {
namespace {

Repetitions sample(const std::vector<double>& values) {
    std::vector<BlockValue> blocks;
    for (const double value : values) blocks.push_back({static_cast<std::int64_t>(blocks.size()), value});
    return Repetitions(blocks);
}

/// Blocks that drift by an autoregressive noise common to the pair, and log-normal noise of each run.
PairedRepetitions simulate(Random& random, std::size_t blocks, double ratio) {
    std::vector<double> baseline;
    std::vector<double> treated;
    double drift = 0;
    for (std::size_t i = 0; i < blocks; ++i) {
        drift = 0.5 * drift + 0.02 * random.normal();
        baseline.push_back(10 * std::exp(drift + 0.02 * random.normal()));
        treated.push_back(10 * ratio * std::exp(drift + 0.02 * random.normal()));
    }
    return {sample(baseline), sample(treated)};
}

TEST(Bootstrap, SameSeedSameInterval) {
    Random random(1);
    const PairedRepetitions pairs = simulate(random, 12, 0.8);
    const Estimate once = ratio_of_medians(pairs);
    const Estimate again = ratio_of_medians(pairs);
    EXPECT_EQ(once.interval.low, again.interval.low);
    EXPECT_EQ(once.interval.high, again.interval.high);
    EXPECT_TRUE(once.interval.contains(once.value));
    EXPECT_LT(once.interval.high, 1);
}

TEST(Bootstrap, OfConstantBlocksIsAPoint) {
    const PairedRepetitions pairs(sample({2, 2, 2, 2}), sample({1, 1, 1, 1}));
    const Estimate estimate = ratio_of_medians(pairs);
    EXPECT_EQ(estimate.value, 0.5);
    EXPECT_EQ(estimate.interval.low, 0.5);
    EXPECT_EQ(estimate.interval.high, 0.5);
}

TEST(Bootstrap, RefusesWhatGivesNoInterval) {
    EXPECT_THROW(ratio_of_medians({sample({1}), sample({1})}), Error);
    EXPECT_THROW(ratio_of_medians({sample({0, 1}), sample({1, 1})}), Error);
    const PairedRepetitions pairs(sample({1, 2}), sample({1, 2}));
    EXPECT_THROW(ratio_of_medians(pairs, {.resamples = 10}), Error);
    EXPECT_THROW(ratio_of_medians(pairs, {.level = 1.0}), Error);
}

TEST(Coverage, IntervalsOfTheRatioHoldTheTruth) {
    constexpr int kStudies = 1500;
    constexpr double kRatio = 0.9;
    Random random(20261123);
    int percentile_holds = 0;
    int bca_holds = 0;
    for (int study = 0; study < kStudies; ++study) {
        const PairedRepetitions pairs = simulate(random, 20, kRatio);
        BootstrapOptions options{
            .seed = random.next(), .resamples = 600, .method = BootstrapMethod::kPercentile};
        percentile_holds += ratio_of_medians(pairs, options).interval.contains(kRatio) ? 1 : 0;
        options.method = BootstrapMethod::kBca;
        bca_holds += ratio_of_medians(pairs, options).interval.contains(kRatio) ? 1 : 0;
    }
    EXPECT_NEAR(100.0 * percentile_holds / kStudies, 95, 2);
    EXPECT_NEAR(100.0 * bca_holds / kStudies, 95, 2);
}

TEST(Coverage, SignedRankErrsAtItsLevel) {
    constexpr int kStudies = 4000;
    Random random(7);
    int rejected = 0;
    for (int study = 0; study < kStudies; ++study) {
        rejected += signed_rank(simulate(random, 20, 1.0)).p_value <= 0.05 ? 1 : 0;
    }
    EXPECT_NEAR(100.0 * rejected / kStudies, 5, 1);
}

}  // namespace
}  // namespace espalier::statistics
