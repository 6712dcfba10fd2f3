#include "statistics/repetitions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>

#include "base/error.h"
#include "statistics/bootstrap.h"
#include "statistics/rank_tests.h"

namespace espalier::statistics {
namespace {

template <typename Sample>
concept CanBeTested = requires(const Sample& sample) {
    signed_rank(sample);
};

template <typename Sample>
concept CanBeBootstrapped = requires(const Sample& sample) {
    ratio_of_medians(sample);
};

// The images of a run are a vector of numbers; no inference takes one.
static_assert(!std::constructible_from<Repetitions, std::vector<double>>);
static_assert(!std::constructible_from<Repetitions, std::span<const double>>);
static_assert(!CanBeTested<std::vector<double>>);
static_assert(!CanBeBootstrapped<std::vector<double>>);
static_assert(CanBeTested<PairedRepetitions>);

TEST(Repetitions, AreOrderedByBlock) {
    const std::vector<BlockValue> values = {{2, 20}, {0, 0}, {1, 10}};
    const Repetitions sample(values);
    EXPECT_EQ(std::vector<double>(sample.values().begin(), sample.values().end()),
              (std::vector<double>{0, 10, 20}));
}

TEST(Repetitions, RefuseASecondValueOfABlock) {
    const std::vector<BlockValue> values = {{1, 1}, {1, 2}};
    EXPECT_THROW(Repetitions{values}, Error);
}

TEST(Repetitions, RefuseWhatIsNoNumber) {
    const std::vector<BlockValue> values = {{1, NAN}};
    EXPECT_THROW(Repetitions{values}, Error);
}

TEST(PairedRepetitions, KeepTheCommonBlocks) {
    const std::vector<BlockValue> left = {{0, 1}, {1, 2}, {3, 4}};
    const std::vector<BlockValue> right = {{1, 5}, {2, 6}, {3, 7}, {4, 8}};
    const PairedRepetitions pairs{Repetitions(left), Repetitions(right)};
    EXPECT_EQ(std::vector<std::int64_t>(pairs.blocks().begin(), pairs.blocks().end()),
              (std::vector<std::int64_t>{1, 3}));
    EXPECT_EQ(pairs.differences(), (std::vector<double>{3, 3}));
    EXPECT_EQ(pairs.unpaired(), 3u);
}

}  // namespace
}  // namespace espalier::statistics
