#include "statistics/proportions.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace espalier::statistics {
namespace {

TEST(Newcombe, PublishedExample) {
    // Newcombe 1998, table II: 36 both, 12 and 2 discordant, 0 neither; method 10 gives 0.0569 to 0.3404.
    const Interval interval =
        newcombe({.both_right = 36, .only_baseline = 2, .only_treated = 12, .both_wrong = 0});
    EXPECT_NEAR(interval.low, 0.0569, 5e-5);
    EXPECT_NEAR(interval.high, 0.3404, 5e-5);
}

TEST(Newcombe, SwappingTheTreatmentsTurnsTheInterval) {
    const Interval one = newcombe({.both_right = 90, .only_baseline = 6, .only_treated = 2, .both_wrong = 2});
    const Interval other =
        newcombe({.both_right = 90, .only_baseline = 2, .only_treated = 6, .both_wrong = 2});
    EXPECT_NEAR(one.low, -other.high, 1e-12);
    EXPECT_NEAR(one.high, -other.low, 1e-12);
}

TEST(Newcombe, HoldsTheTruth) {
    constexpr int kStudies = 3000;
    Random random(11);
    int holds = 0;
    for (int study = 0; study < kStudies; ++study) {
        PairedOutcomes outcomes;
        for (int image = 0; image < 300; ++image) {
            const double u = random.uniform();
            ++(u < 0.85   ? outcomes.both_right
               : u < 0.90 ? outcomes.only_baseline
               : u < 0.93 ? outcomes.only_treated
                          : outcomes.both_wrong);
        }
        holds += newcombe(outcomes).contains(-0.02) ? 1 : 0;
    }
    EXPECT_NEAR(100.0 * holds / kStudies, 95, 2);
}

TEST(BinomialTail, EqualsTheSumOfItsTerms) {
    // P(X >= 2) of three throws of a fair coin: (3 + 1) / 8; P(X >= 1) of four at 1/10: 1 - 0.9^4.
    EXPECT_NEAR(binomial_tail(2, 3, 0.5), 0.5, 1e-12);
    EXPECT_NEAR(binomial_tail(1, 4, 0.1), 0.3439, 1e-12);
    EXPECT_EQ(binomial_tail(0, 4, 0.1), 1.0);
    EXPECT_EQ(binomial_tail(4, 4, 1.0), 1.0);
    EXPECT_THROW(binomial_tail(5, 4, 0.1), Error);
}

TEST(CountOutcomes, ByImage) {
    const std::vector<std::uint8_t> baseline = {1, 1, 0, 0, 1};
    const std::vector<std::uint8_t> treated = {1, 0, 1, 0, 1};
    const PairedOutcomes outcomes = count_outcomes(baseline, treated);
    EXPECT_EQ(outcomes.both_right, 2);
    EXPECT_EQ(outcomes.only_baseline, 1);
    EXPECT_EQ(outcomes.only_treated, 1);
    EXPECT_EQ(outcomes.both_wrong, 1);
    EXPECT_DOUBLE_EQ(outcomes.difference(), 0);
    EXPECT_THROW(count_outcomes(baseline, {}), Error);
}

TEST(McNemar, WithoutDiscordantImagesThereIsNoEvidence) {
    EXPECT_EQ(mcnemar({.both_right = 10}).exact_p, 1.0);
    EXPECT_EQ(mcnemar({.both_right = 10, .only_baseline = 4, .only_treated = 4}).mid_p, 1.0);
}

TEST(NonInferiority, ByInterval) {
    EXPECT_EQ(non_inferiority({-0.004, 0.001}, 0.005), NonInferiority::kNonInferior);
    EXPECT_EQ(non_inferiority({-0.02, -0.006}, 0.005), NonInferiority::kInferior);
    EXPECT_EQ(non_inferiority({-0.006, 0.0}, 0.005), NonInferiority::kInconclusive);
    EXPECT_THROW(non_inferiority({0, 0}, -1), Error);
}

TEST(Wilson, RefusesImpossibleCounts) {
    EXPECT_THROW(wilson(1, 0), Error);
    EXPECT_THROW(wilson(3, 2), Error);
}

}  // namespace
}  // namespace espalier::statistics
