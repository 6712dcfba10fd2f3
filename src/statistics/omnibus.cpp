#include "statistics/omnibus.h"

#include <algorithm>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/rank_tests.h"

namespace espalier::statistics {
namespace {

double square(double x) { return x * x; }

Omnibus finish(double statistic, std::size_t treatments, std::size_t used) {
    Omnibus result{.statistic = statistic, .degrees_of_freedom = treatments - 1};
    result.treatments = treatments;
    result.used = used;
    result.p_value = chi_squared_tail(statistic, static_cast<double>(result.degrees_of_freedom));
    return result;
}

}  // namespace

Omnibus friedman(const BlockedRepetitions& sample) {
    const std::size_t k = sample.treatments();
    if (sample.size() < 2) fail("Friedman's test needs two complete blocks, got {}", sample.size());
    const double middle = 0.5 * static_cast<double>(k + 1);
    std::vector<double> sums(k, 0.0);
    double spread = 0;
    std::vector<double> row(k);
    for (std::size_t block = 0; block < sample.size(); ++block) {
        for (std::size_t t = 0; t < k; ++t) row[t] = sample.treatment(t)[block];
        const std::vector<double> ranks = mid_ranks(row);
        for (std::size_t t = 0; t < k; ++t) {
            sums[t] += ranks[t] - middle;
            spread += square(ranks[t] - middle);
        }
    }
    double between = 0;
    for (const double sum : sums) between += square(sum);
    return finish(spread > 0 ? static_cast<double>(k - 1) * between / spread : 0.0, k, sample.size());
}

Omnibus kruskal_wallis(std::span<const Repetitions> samples) {
    if (samples.size() < 2) fail("a Kruskal-Wallis test needs at least two samples, got {}", samples.size());
    std::vector<double> pooled;
    for (const Repetitions& sample : samples) {
        if (sample.size() == 0) fail("a Kruskal-Wallis test needs samples that are not empty");
        pooled.insert(pooled.end(), sample.values().begin(), sample.values().end());
    }
    const std::vector<double> ranks = mid_ranks(pooled);
    const auto n = static_cast<double>(pooled.size());
    double between = 0;
    auto next = ranks.begin();
    for (const Repetitions& sample : samples) {
        double sum = 0;
        for (std::size_t i = 0; i < sample.size(); ++i) sum += *next++ - 0.5 * (n + 1);
        between += square(sum) / static_cast<double>(sample.size());
    }
    const double untied = 1 - tie_term(pooled) / (n * n * n - n);
    const double statistic = untied > 0 ? 12 / (n * (n + 1)) * between / untied : 0.0;
    return finish(statistic, samples.size(), pooled.size());
}

std::vector<double> holm_after(double omnibus_p, std::span<const double> p_values) {
    if (!(omnibus_p >= 0 && omnibus_p <= 1)) fail("an omnibus p-value must lie in [0, 1], got {}", omnibus_p);
    std::vector<double> adjusted = holm(p_values);
    for (double& p : adjusted) p = std::max(p, omnibus_p);
    return adjusted;
}

}  // namespace espalier::statistics
