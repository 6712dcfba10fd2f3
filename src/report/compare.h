#pragma once

#include <optional>
#include <vector>

#include "report/series.h"
#include "report/view_model.h"
#include "statistics/bootstrap.h"
#include "statistics/omnibus.h"
#include "store/records.h"

namespace espalier::report {

/// Choices of the analysis, the same for a whole report.
struct Analysis {
    double min_effect = 0.02;           ///< smaller changes are called no difference even when they are shown
    double max_accuracy_drop = 0.01;    ///< accepted loss of top-1, as a fraction of all images
    std::size_t blocks_for_tests = 10;  ///< with fewer blocks values are described and nothing is tested
    statistics::BootstrapOptions bootstrap;
};

/// Median over blocks with its bootstrap interval; unknown with the reason where no block has a value.
Measure describe(const Series& series, const Analysis& analysis);

/// Scatter of the blocks and budget of the meter in one, by the GUM. Nothing where fewer than two blocks have
/// a value, or one of them no budget.
std::optional<Uncertainty> uncertainty(const Series& series);

/// Standard uncertainty of treated / baseline, both by one meter, whose common error cancels. Nothing as
/// above, and where a mean is not positive.
Number ratio_uncertainty(const Series& baseline, const Series& treated);

/// Ratio of medians, treated / baseline, over the blocks both have, with its bootstrap interval, the size of
/// the effect, and the p-values of the exact signed-rank test and of equivalence within the least effect, not
/// yet adjusted; `testable` false leaves the tests out. Nothing where fewer than two blocks are paired or a
/// value is not positive.
std::optional<Comparison> compare(const Series& baseline, const Series& treated, bool testable,
                                  const Analysis& analysis);

/// Share of images whose true class is among the first `places`, in per cent, with Wilson's interval.
Measure accuracy(const store::PredictionRecord& prediction, int places);

/// Difference of those shares in percentage points, paired by image: Newcombe's interval, McNemar's p-value,
/// not yet adjusted. Nothing where the two did not classify the same images.
std::optional<Comparison> compare_accuracy(const store::PredictionRecord& baseline,
                                           const store::PredictionRecord& treated, int places);

/// Friedman's test that all series are alike, over the blocks that all have. Nothing for fewer than three
/// series or fewer blocks than tests need.
std::optional<statistics::Omnibus> omnibus(const std::vector<const Series*>& series,
                                           const Analysis& analysis);

/// Adjusts the p-values of one family (the variants of a model under one metric) by Holm's method, none
/// smaller than that of the omnibus test where there is one, and says what each comparison shows. Comparisons
/// without a p-value stay "not-tested".
void judge(std::vector<Comparison*>& family, const std::optional<statistics::Omnibus>& omnibus,
           const Metric& metric, const Analysis& analysis);

}  // namespace espalier::report
