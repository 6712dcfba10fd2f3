#include "statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace espalier::statistics {
namespace {

Repetitions sample(const std::vector<double>& values) {
    std::vector<BlockValue> blocks;
    for (const double value : values) blocks.push_back({static_cast<std::int64_t>(blocks.size()), value});
    return Repetitions(blocks);
}

TEST(Bootstrap, SameSeedSameInterval) {
    const PairedRepetitions pairs(sample({9.8, 10.1, 10.0, 10.3, 9.9, 10.2}),
                                  sample({8.1, 8.0, 7.9, 8.3, 8.2, 7.8}));
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

}  // namespace
}  // namespace espalier::statistics
