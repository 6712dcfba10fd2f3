// Compares with numbers that tools/goldens/statistics.py computed by other means (rational counting, NumPy,
// SciPy).
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "statistics/bootstrap.h"
#include "statistics/effect_size.h"
#include "statistics/proportions.h"
#include "statistics/rank_tests.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

const nlohmann::json& golden() {
    static const nlohmann::json json = [] {
        std::ifstream file(ESPALIER_SOURCE_DIR "/tools/goldens/statistics/statistics.json");
        return nlohmann::json::parse(file);
    }();
    return json;
}

Repetitions sample(const nlohmann::json& values) {
    std::vector<BlockValue> blocks;
    for (const double value : values) blocks.push_back({static_cast<std::int64_t>(blocks.size()), value});
    return Repetitions(blocks);
}

void expect_close(double actual, double expected) {
    EXPECT_NEAR(actual, expected, 1e-9 * std::max(1.0, std::fabs(expected)));
}

void expect_interval(const Interval& actual, const nlohmann::json& expected) {
    expect_close(actual.low, expected[0]);
    expect_close(actual.high, expected[1]);
}

TEST(StatisticsGolden, SummariesEqualNumpy) {
    for (const auto& entry : golden()["samples"]) {
        const std::vector<double> values = entry["baseline"];
        const auto& expected = entry["summary"];
        expect_close(mean(values), expected["mean"]);
        expect_close(standard_deviation(values), expected["sd"]);
        expect_close(median_absolute_deviation(values), expected["mad"]);
        for (const auto& [order, value] : expected["quantiles"].items()) {
            expect_close(quantile(values, std::stod(order)), value);
        }
    }
}

// Requirement 30.
TEST(StatisticsGolden, SignedRankIsExactWithTiesAndZeros) {
    for (const auto& entry : golden()["samples"]) {
        const PairedRepetitions pairs(sample(entry["baseline"]), sample(entry["treated"]));
        for (const auto& [zeros, key] :
             {std::pair(Zeros::kPratt, "pratt"), std::pair(Zeros::kWilcoxon, "wilcoxon")}) {
            const TestResult result = signed_rank(pairs, {.zeros = zeros});
            expect_close(result.statistic, entry[key]["statistic"]);
            expect_close(result.p_value, entry[key]["p"]);
            EXPECT_EQ(result.used, entry[key]["used"]);
            EXPECT_TRUE(result.exact);
        }
    }
}

// Requirement 30.
TEST(StatisticsGolden, MannWhitneyIsExactWithTies) {
    for (const auto& entry : golden()["samples"]) {
        const TestResult result = mann_whitney(sample(entry["baseline"]), sample(entry["treated"]));
        expect_close(result.statistic, entry["mann_whitney"]["u"]);
        expect_close(result.p_value, entry["mann_whitney"]["p"]);
    }
}

// Requirement 30.
TEST(StatisticsGolden, EffectSizes) {
    for (const auto& entry : golden()["samples"]) {
        const Repetitions first = sample(entry["baseline"]);
        const Repetitions second = sample(entry["treated"]);
        expect_close(cliffs_delta(first, second), entry["cliffs_delta"]);
        expect_close(a12(first, second), (entry["cliffs_delta"].get<double>() + 1) / 2);
        expect_close(hodges_lehmann(first, second), entry["hodges_lehmann"]);
        expect_close(hodges_lehmann(PairedRepetitions(first, second)), entry["hodges_lehmann_paired"]);
    }
}

TEST(StatisticsGolden, RatioOfMediansHasTheSameResamples) {
    for (const auto& entry : golden()["samples"]) {
        const PairedRepetitions pairs(sample(entry["baseline"]), sample(entry["treated"]));
        BootstrapOptions options;
        options.seed = pairs.size();
        options.resamples = 400;
        options.method = BootstrapMethod::kPercentile;
        const Estimate percentile = ratio_of_medians(pairs, options);
        expect_close(percentile.value, entry["ratio_of_medians"]["value"]);
        expect_interval(percentile.interval, entry["ratio_of_medians"]["percentile"]);
        options.method = BootstrapMethod::kBca;
        expect_interval(ratio_of_medians(pairs, options).interval, entry["ratio_of_medians"]["bca"]);
    }
}

// Requirement 30.
TEST(StatisticsGolden, Holm) {
    const std::vector<double> p = golden()["holm"]["p"];
    const std::vector<double> expected = golden()["holm"]["adjusted"];
    const std::vector<double> adjusted = holm(p);
    ASSERT_EQ(adjusted.size(), expected.size());
    for (std::size_t i = 0; i < p.size(); ++i) expect_close(adjusted[i], expected[i]);
}

// Requirement 30.
TEST(StatisticsGolden, WilsonEqualsScipy) {
    for (const auto& entry : golden()["wilson"]) {
        expect_interval(wilson(entry["successes"], entry["trials"]), entry["interval"]);
    }
}

TEST(StatisticsGolden, PairedProportions) {
    for (const auto& entry : golden()["pairs"]) {
        const auto& cells = entry["cells"];
        const PairedOutcomes outcomes{.both_right = cells[0],
                                      .only_baseline = cells[2],
                                      .only_treated = cells[1],
                                      .both_wrong = cells[3]};
        const McNemar test = mcnemar(outcomes);
        expect_close(test.exact_p, entry["exact"]);
        expect_close(test.mid_p, entry["mid"]);
        expect_interval(newcombe(outcomes), entry["newcombe"]);
    }
}

}  // namespace
}  // namespace espalier::statistics
