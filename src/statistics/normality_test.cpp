#include "statistics/normality.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::sample;

TEST(ShapiroWilk, DoesNotDependOnUnitOrOrigin) {
    const Normality one = shapiro_wilk(sample({1.0, 2.5, 2.0, 4.5, 3.0, 9.0}));
    const Normality other = shapiro_wilk(sample({1001.0, 1002.5, 1002.0, 1004.5, 1003.0, 1009.0}));
    EXPECT_NEAR(one.w, other.w, 1e-12);
    EXPECT_NEAR(one.p_value, other.p_value, 1e-10);
    EXPECT_EQ(one.used, 6u);
}

TEST(ShapiroWilk, SeesAnOutlier) {
    EXPECT_LT(shapiro_wilk(sample({1, 2, 3, 4, 5, 6, 7, 8, 9, 100})).p_value, 0.001);
    EXPECT_GT(shapiro_wilk(sample({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})).p_value, 0.5);
}

TEST(ShapiroWilk, RefusesWhatItWasNotFittedTo) {
    EXPECT_THROW(shapiro_wilk(sample({1, 2})), Error);
    EXPECT_THROW(shapiro_wilk(sample({3, 3, 3})), Error);
    EXPECT_THROW(shapiro_wilk(sample(std::vector<double>(5001, 1.0))), Error);
}

}  // namespace
}  // namespace espalier::statistics
