// Compares with numbers that tools/goldens/inference.py took from SciPy or computed by other means, and with
// published examples.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "statistics/distributions.h"
#include "statistics/effect_size.h"
#include "statistics/equivalence.h"
#include "statistics/gum.h"
#include "statistics/normality.h"
#include "statistics/omnibus.h"
#include "statistics/power.h"
#include "statistics/rank_tests.h"
#include "statistics/scott_knott.h"
#include "statistics/shift.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::sample;
using testing::samples;

constexpr double kExact = 1e-9;
constexpr double kAsymptotic = 1e-6;

const nlohmann::json& golden() {
    static const nlohmann::json json = [] {
        std::ifstream file(ESPALIER_SOURCE_DIR "/tools/goldens/statistics/inference.json");
        return nlohmann::json::parse(file);
    }();
    return json;
}

void expect_close(double actual, double expected, double tolerance) {
    EXPECT_NEAR(actual, expected, tolerance * std::max(1.0, std::fabs(expected)));
}

PairedRepetitions pairs_of(const nlohmann::json& entry) {
    return {sample(entry["baseline"]), sample(entry["treated"])};
}

const std::vector<std::pair<const char*, Alternative>>& alternatives() {
    static const std::vector<std::pair<const char*, Alternative>> list = {
        {"two-sided", Alternative::kTwoSided},
        {"less", Alternative::kLess},
        {"greater", Alternative::kGreater}};
    return list;
}

TEST(InferenceGolden, RankTestsAgainstEitherSide) {
    for (const auto& entry : golden()["rank_tests"]) {
        const PairedRepetitions pairs = pairs_of(entry);
        // Rounded to the decimals of the sample, so that equal differences are tied here as they are in the
        // script.
        std::vector<BlockValue> rounded;
        for (const double d : pairs.differences())
            rounded.push_back({static_cast<std::int64_t>(rounded.size()), std::round(d * 1e9) / 1e9});
        const Repetitions changes(rounded);
        const Repetitions first = sample(entry["baseline"]);
        const Repetitions second = sample(entry["treated"]);
        for (const auto& [side, alternative] : alternatives()) {
            const auto& expected = entry[side];
            RankOptions options{.alternative = alternative};
            expect_close(signed_rank(changes, 0, options).p_value, expected["signed_rank"], kExact);
            expect_close(mann_whitney(first, second, options).p_value, expected["mann_whitney"], kExact);
            options.p_value = PValue::kAsymptotic;
            expect_close(mann_whitney(first, second, options).p_value, expected["mann_whitney_asymptotic"],
                         kAsymptotic);
            const TestResult pratt = signed_rank(changes, 0, options);
            expect_close(pratt.p_value, expected["signed_rank_asymptotic"]["pratt"], kAsymptotic);
            EXPECT_FALSE(pratt.exact);
            options.zeros = Zeros::kWilcoxon;
            expect_close(signed_rank(changes, 0, options).p_value,
                         expected["signed_rank_asymptotic"]["wilcoxon"], kAsymptotic);
        }
    }
}

// Requirement 30.
TEST(InferenceGolden, OmnibusTestsWithTies) {
    for (const auto& entry : golden()["omnibus"]) {
        const Omnibus blocked = friedman(BlockedRepetitions(samples(entry["treatments"])));
        expect_close(blocked.statistic, entry["friedman"]["statistic"], kExact);
        expect_close(blocked.p_value, entry["friedman"]["p"], kAsymptotic);
        const Omnibus independent = kruskal_wallis(samples(entry["uneven"]));
        expect_close(independent.statistic, entry["kruskal"]["statistic"], kExact);
        expect_close(independent.p_value, entry["kruskal"]["p"], kAsymptotic);
    }
}

TEST(InferenceGolden, ShapiroWilk) {
    for (const auto& entry : golden()["normality"]) {
        const Normality result = shapiro_wilk(sample(entry["values"]));
        expect_close(result.w, entry["w"], kAsymptotic);
        expect_close(result.p_value, entry["p"], kAsymptotic);
    }
}

// Requirement 30.
TEST(InferenceGolden, EffectsWithTheirIntervals) {
    for (const auto& entry : golden()["effects"]) {
        const PairedRepetitions pairs = pairs_of(entry);
        const Interval a12 = a12_interval(sample(entry["baseline"]), sample(entry["treated"]));
        expect_close(a12.low, entry["a12"][0], kExact);
        expect_close(a12.high, entry["a12"][1], kExact);
        BootstrapOptions options{.seed = pairs.size(), .resamples = 400, .method = BootstrapMethod::kBca};
        const Estimate difference = shift(pairs, options);
        expect_close(difference.value, entry["shift"]["value"], kExact);
        expect_close(difference.value, hodges_lehmann(pairs), kExact);
        expect_close(difference.interval.low, entry["shift"]["bca"][0], kExact);
        expect_close(difference.interval.high, entry["shift"]["bca"][1], kExact);
        const Estimate ratio = shift_ratio(pairs, options);
        expect_close(ratio.value, hodges_lehmann_ratio(pairs).value, kExact);
        expect_close(std::log(ratio.interval.low), entry["shift_log_ratio"]["bca"][0], kExact);
        expect_close(std::log(ratio.interval.high), entry["shift_log_ratio"]["bca"][1], kExact);
        options.method = BootstrapMethod::kPercentile;
        expect_close(shift(pairs, options).interval.low, entry["shift"]["percentile"][0], kExact);
    }
}

TEST(InferenceGolden, Equivalence) {
    for (const auto& entry : golden()["effects"]) {
        const Bounds bounds{entry["bounds"][0], entry["bounds"][1]};
        const Repetitions changes = differences(pairs_of(entry));
        const Equivalence t = tost(changes, bounds);
        expect_close(t.above_low, entry["tost"][0], kAsymptotic);
        expect_close(t.below_high, entry["tost"][1], kAsymptotic);
        const Equivalence ranks = rank_tost(changes, bounds);
        expect_close(ranks.above_low, entry["rank_tost"][0], kExact);
        expect_close(ranks.below_high, entry["rank_tost"][1], kExact);
        const Equivalence apart = rank_tost(sample(entry["baseline"]), sample(entry["treated"]), bounds);
        expect_close(apart.above_low, entry["rank_tost_independent"][0], kExact);
        expect_close(apart.below_high, entry["rank_tost_independent"][1], kExact);
    }
}

TEST(InferenceGolden, ScottKnottGroups) {
    for (const auto& entry : golden()["rankings"]) {
        const BlockedRepetitions blocked(samples(entry["treatments"]));
        for (const auto& [name, by] :
             {std::pair("means", GroupBy::kMeans), std::pair("ranks", GroupBy::kRanks)}) {
            for (const auto& [level, key] : {std::pair(0.05, " 0.05"), std::pair(1.0, " 1")}) {
                const std::vector<std::size_t> expected = entry["groups"][std::string(name) + key];
                EXPECT_EQ(scott_knott(blocked, {.by = by, .level = level}).group, expected) << name << key;
            }
        }
    }
}

TEST(InferenceGolden, PowerOfTheSignedRankTest) {
    for (const auto& entry : golden()["power"]) {
        expect_close(signed_rank_power(entry["pairs"], entry["shift"], entry["level"]), entry["power"],
                     kAsymptotic);
    }
}

// Requirement 33.
TEST(InferenceGolden, CombinedUncertainty) {
    for (const auto& entry : golden()["combined"]) {
        std::vector<UncertaintySource> sources;
        for (const auto& one : entry["sources"]) {
            const double freedom =
                one[1].is_null() ? std::numeric_limits<double>::infinity() : one[1].get<double>();
            sources.push_back({.component = "a", .standard = one[0], .degrees_of_freedom = freedom});
        }
        const CombinedUncertainty combined = combine(sources, entry["level"]);
        expect_close(combined.standard, entry["standard"], kExact);
        expect_close(combined.coverage_factor, entry["coverage_factor"], kAsymptotic);
        if (entry["degrees_of_freedom"].is_null()) {
            EXPECT_TRUE(std::isinf(combined.degrees_of_freedom));
        } else {
            expect_close(combined.degrees_of_freedom, entry["degrees_of_freedom"], kExact);
        }
    }
}

// The examples that R prints for its own functions, of Hollander & Wolfe 1973.

TEST(InferencePublished, FriedmanOfRoundingFirstBase) {
    const std::vector<double> round_out = {5.40, 5.85, 5.20, 5.55, 5.90, 5.45, 5.40, 5.45, 5.25, 5.85, 5.25,
                                           5.65, 5.60, 5.05, 5.50, 5.45, 5.55, 5.45, 5.50, 5.65, 5.70, 6.30};
    const std::vector<double> narrow = {5.50, 5.70, 5.60, 5.50, 5.85, 5.55, 5.40, 5.50, 5.15, 5.80, 5.20,
                                        5.55, 5.35, 5.00, 5.50, 5.55, 5.55, 5.50, 5.45, 5.60, 5.65, 6.30};
    const std::vector<double> wide = {5.55, 5.75, 5.50, 5.40, 5.70, 5.60, 5.35, 5.35, 5.00, 5.70, 5.10,
                                      5.45, 5.45, 4.95, 5.40, 5.50, 5.35, 5.55, 5.25, 5.40, 5.55, 6.25};
    const Omnibus result = friedman(BlockedRepetitions(samples({round_out, narrow, wide})));
    EXPECT_NEAR(result.statistic, 11.1429, 5e-5);
    EXPECT_NEAR(result.p_value, 0.003805, 5e-7);
}

TEST(InferencePublished, KruskalWallisOfMucociliaryEfficiency) {
    const Omnibus result =
        kruskal_wallis(samples({{2.9, 3.0, 2.5, 2.6, 3.2}, {3.8, 2.7, 4.0, 2.4}, {2.8, 3.4, 3.7, 2.2, 2.0}}));
    EXPECT_NEAR(result.statistic, 0.77143, 5e-6);
    EXPECT_NEAR(result.p_value, 0.68, 5e-3);
}

TEST(InferencePublished, SignedRankOfTheDepressionScale) {
    const TestResult result = signed_rank({sample({1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}),
                                           sample({0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29})},
                                          {.alternative = Alternative::kLess});
    EXPECT_NEAR(result.p_value, 0.01953, 5e-6);
}

TEST(InferencePublished, MannWhitneyOfMembranes) {
    const TestResult result =
        mann_whitney(sample({0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}),
                     sample({1.15, 0.88, 0.90, 0.74, 1.21}), {.alternative = Alternative::kGreater});
    EXPECT_EQ(result.statistic, 35);
    EXPECT_NEAR(result.p_value, 0.1272, 5e-5);
}

TEST(InferencePublished, ShapiroWilkOfElevenMen) {
    // Shapiro & Wilk 1965 give W = 0.79; R and SciPy 0.78881 with p = 0.006704.
    const Normality result = shapiro_wilk(sample({148, 154, 158, 160, 161, 162, 166, 170, 182, 195, 236}));
    EXPECT_NEAR(result.w, 0.78881, 5e-6);
    EXPECT_NEAR(result.p_value, 0.006704, 5e-7);
}

// Requirement 33.
TEST(InferencePublished, EndGaugeOfTheGum) {
    // JCGM 100:2008, H.1, in nm: u_c = 32, 16 effective degrees of freedom, U99 = 93.
    const std::vector<UncertaintySource> sources = {
        {.component = "standard", .standard = 25, .degrees_of_freedom = 18},
        {.component = "repeated observations", .standard = 5.8, .degrees_of_freedom = 24},
        {.component = "comparator, random", .standard = 3.9, .degrees_of_freedom = 5},
        {.component = "comparator, systematic", .standard = 6.7, .degrees_of_freedom = 8},
        {.component = "difference in expansion", .standard = 2.9, .degrees_of_freedom = 50},
        {.component = "difference in temperature", .standard = 16.6, .degrees_of_freedom = 2}};
    const CombinedUncertainty combined = combine(sources, 0.99);
    EXPECT_NEAR(combined.standard, 32, 0.5);
    EXPECT_EQ(std::floor(combined.degrees_of_freedom), 16);
    EXPECT_NEAR(combined.expanded, 93, 1);  // the GUM multiplies figures that it has rounded
}

}  // namespace
}  // namespace espalier::statistics
