// How often intervals hold the truth and tests err, by simulated studies with a fixed seed.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "statistics/bootstrap.h"
#include "statistics/effect_size.h"
#include "statistics/rank_tests.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::Noise;
using testing::noises;
using testing::sample;

constexpr double kRatio = 0.9;
constexpr std::size_t kBlocks = 20;

PairedRepetitions simulate(Random& random, const Noise& noise, double ratio) {
    const auto variants = testing::simulate(random, noise, {1, ratio}, kBlocks);
    return {variants[0], variants[1]};
}

TEST(Coverage, PercentileIntervalOfTheRatioOfMediansIsNeverTooNarrow) {
    constexpr int kStudies = 600;
    for (const Noise& noise : noises()) {
        Random random(20261123);
        int holds = 0;
        for (int study = 0; study < kStudies; ++study) {
            const PairedRepetitions pairs = simulate(random, noise, kRatio);
            const BootstrapOptions options{.seed = random.next(), .resamples = 400};
            holds += ratio_of_medians(pairs, options).interval.contains(kRatio) ? 1 : 0;
        }
        EXPECT_GE(100.0 * holds / kStudies, 93) << noise.name;
    }
}

// Requirement 31.
TEST(Coverage, ExactIntervalOfThePairedRatioHasItsLevelUnderAnyNoise) {
    constexpr int kStudies = 4000;
    for (const Noise& noise : noises()) {
        Random random(20261124);
        int holds = 0;
        for (int study = 0; study < kStudies; ++study) {
            const PairedRatio ratio = hodges_lehmann_ratio(simulate(random, noise, kRatio));
            holds += ratio.interval->contains(kRatio) ? 1 : 0;
        }
        EXPECT_NEAR(100.0 * holds / kStudies, 95, 1.5) << noise.name;
    }
}

// Requirement 31.
TEST(Coverage, SignedRankErrsAtItsLevelUnderAnyNoise) {
    constexpr int kStudies = 4000;
    for (const Noise& noise : noises()) {
        Random random(7);
        int rejected = 0;
        for (int study = 0; study < kStudies; ++study) {
            rejected += signed_rank(simulate(random, noise, 1.0)).p_value <= 0.05 ? 1 : 0;
        }
        EXPECT_NEAR(100.0 * rejected / kStudies, 5, 1) << noise.name;
    }
}

TEST(PairedRatio, IntervalAgreesWithTheTestOfTheLogarithms) {
    Random random(5);
    for (int study = 0; study < 500; ++study) {
        const PairedRepetitions pairs = simulate(random, noises()[2], 0.98);
        std::vector<double> zeros(kBlocks, 0.0);
        std::vector<double> logs;
        for (std::size_t i = 0; i < kBlocks; ++i)
            logs.push_back(std::log(pairs.treated()[i] / pairs.baseline()[i]));
        const bool rejected = signed_rank({sample(zeros), sample(logs)}).p_value <= 0.05;
        EXPECT_EQ(rejected, !hodges_lehmann_ratio(pairs).interval->contains(1.0));
    }
}

TEST(PairedRatio, NeedsSixPairsForNinetyFivePercent) {
    const std::vector<double> five = {1, 2, 3, 4, 5};
    const std::vector<double> six = {1, 2, 3, 4, 5, 6};
    EXPECT_FALSE(hodges_lehmann_ratio({sample(five), sample(five)}).interval);
    ASSERT_TRUE(hodges_lehmann_ratio({sample(six), sample(six)}).interval);
    EXPECT_DOUBLE_EQ(hodges_lehmann_ratio({sample(six), sample(six)}).interval->level, 1 - 2.0 / 64);
}

}  // namespace
}  // namespace espalier::statistics
