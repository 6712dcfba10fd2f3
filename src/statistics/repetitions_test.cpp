#include "statistics/repetitions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <concepts>

#include "base/error.h"
#include "statistics/bootstrap.h"
#include "statistics/effect_size.h"
#include "statistics/equivalence.h"
#include "statistics/gum.h"
#include "statistics/normality.h"
#include "statistics/omnibus.h"
#include "statistics/rank_tests.h"
#include "statistics/scott_knott.h"
#include "statistics/shift.h"

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

template <typename Sample>
concept CanBeInferredFrom = requires(const Sample& sample) {
    shift(sample);
}
|| requires(const Sample& sample) { shapiro_wilk(sample); }
|| requires(const Sample& sample) { tost(sample, Bounds{}); }
|| requires(const Sample& sample) { rank_tost(sample, Bounds{}); }
|| requires(const Sample& sample) { signed_rank(sample, 0.0); }
|| requires(const Sample& sample) { mann_whitney(sample, sample); }
|| requires(const Sample& sample) { a12_interval(sample, sample); }
|| requires(const Sample& sample) { friedman(sample); }
|| requires(const Sample& sample) { kruskal_wallis(sample); }
|| requires(const Sample& sample) { scott_knott(sample); }
|| requires(const Sample& sample) { mean_with_uncertainty(sample); };

// The images of a run are a vector of numbers; no inference takes one.
static_assert(!std::constructible_from<Repetitions, std::vector<double>>);
static_assert(!std::constructible_from<Repetitions, std::span<const double>>);
static_assert(!CanBeTested<std::vector<double>>);
static_assert(!CanBeBootstrapped<std::vector<double>>);
static_assert(CanBeTested<PairedRepetitions>);
static_assert(!CanBeInferredFrom<std::vector<double>>);
static_assert(!CanBeInferredFrom<std::span<const double>>);
static_assert(!CanBeInferredFrom<std::vector<std::vector<double>>>);
static_assert(!std::constructible_from<BlockedRepetitions, std::vector<std::vector<double>>>);
static_assert(CanBeInferredFrom<Repetitions>);
static_assert(CanBeInferredFrom<PairedRepetitions>);
static_assert(CanBeInferredFrom<BlockedRepetitions>);

TEST(Repetitions, AreOrderedByBlock) {
    const std::vector<BlockValue> values = {{2, 20}, {0, 0}, {1, 10}};
    const Repetitions sample(values);
    EXPECT_EQ(std::vector<double>(sample.values().begin(), sample.values().end()),
              (std::vector<double>{0, 10, 20}));
}

// Requirement 32.
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
