#include "statistics/gum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

UncertainFigure figure(double value, double random, double gain) {
    return {value,
            {{.component = "repetitions", .standard = random, .degrees_of_freedom = 9},
             {.component = "gain", .standard = gain, .common = true}}};
}

TEST(Gum, MeanOfRepetitions) {
    const UncertainFigure mean = mean_with_uncertainty(testing::sample({1, 2, 3, 4, 5}));
    EXPECT_DOUBLE_EQ(mean.value, 3);
    EXPECT_DOUBLE_EQ(mean.sources.at(0).standard, std::sqrt(2.5 / 5));
    EXPECT_EQ(mean.sources.at(0).degrees_of_freedom, 4);
}

// Requirement 33.
TEST(Gum, GainCountsForAnAbsoluteAndCancelsInARatioOfOneMeter) {
    // 5 % gain on both, 1 % noise on each: 5.1 % of the figure, 1.41 % of the ratio of one meter, 7.2 % of
    // two.
    const UncertainFigure baseline = figure(100, 1, 5);
    const UncertainFigure treated = figure(50, 0.5, 2.5);
    EXPECT_NEAR(combine(baseline.sources).standard, std::sqrt(26), 1e-12);
    const UncertainFigure same = ratio(treated, baseline, true);
    EXPECT_DOUBLE_EQ(same.value, 0.5);
    EXPECT_NEAR(combine(same.sources).standard / same.value, 0.01 * std::sqrt(2), 1e-12);
    EXPECT_EQ(combine(same.sources).degrees_of_freedom, 18);
    const UncertainFigure other = ratio(treated, baseline, false);
    EXPECT_NEAR(combine(other.sources).standard / other.value, std::sqrt(2 * 0.0026), 1e-12);
}

TEST(Gum, OfNoSourceIsNone) {
    const CombinedUncertainty none = combine({});
    EXPECT_EQ(none.standard, 0);
    EXPECT_EQ(none.expanded, 0);
}

TEST(Gum, RefusesWhatIsNoUncertainty) {
    const std::vector<UncertaintySource> negative = {{.component = "a", .standard = -1}};
    const std::vector<UncertaintySource> unfree = {
        {.component = "a", .standard = 1, .degrees_of_freedom = 0}};
    const std::vector<UncertaintySource> nothing = {{.component = "a", .standard = NAN}};
    EXPECT_THROW(combine(negative), Error);
    EXPECT_THROW(combine(unfree), Error);
    EXPECT_THROW(combine(nothing), Error);
    EXPECT_THROW(combine({}, 1.0), Error);
    EXPECT_THROW(ratio(figure(0, 1, 1), figure(1, 1, 1), true), Error);
    EXPECT_THROW(mean_with_uncertainty(testing::sample({1})), Error);
}

}  // namespace
}  // namespace espalier::statistics
