#include "statistics/gum.h"

#include <cmath>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

void check(const UncertaintySource& source) {
    if (!(source.standard >= 0) || std::isinf(source.standard))
        fail("the uncertainty of '{}' must be finite and not negative, got {}", source.component,
             source.standard);
    if (!(source.degrees_of_freedom > 0))
        fail("the degrees of freedom of '{}' must be positive, got {}", source.component,
             source.degrees_of_freedom);
}

void add_relative(const UncertainFigure& figure, const char* of, double scale, bool same_meter,
                  std::vector<UncertaintySource>& sources) {
    for (UncertaintySource source : figure.sources) {
        check(source);
        if (source.common && same_meter) continue;
        source.component += of;
        source.standard *= scale / figure.value;
        sources.push_back(std::move(source));
    }
}

}  // namespace

UncertainFigure mean_with_uncertainty(const Repetitions& sample) {
    const auto n = static_cast<double>(sample.size());
    const double error = standard_deviation(sample.values()) / std::sqrt(n);
    return {mean(sample.values()),
            {{.component = "repetitions", .standard = error, .degrees_of_freedom = n - 1}}};
}

std::optional<UncertainFigure> mean_with_uncertainty(const Repetitions& sample, const Repetitions& budgets) {
    const PairedRepetitions known(sample, budgets);
    if (known.size() < 2 || known.unpaired() > 0) return std::nullopt;
    UncertainFigure figure = mean_with_uncertainty(sample);
    figure.sources.push_back({.component = "meter", .standard = median(known.treated()), .common = true});
    return figure;
}

CombinedUncertainty combine(std::span<const UncertaintySource> sources, double level) {
    double squares = 0;
    double weakness = 0;
    for (const UncertaintySource& source : sources) {
        check(source);
        const double square = source.standard * source.standard;
        squares += square;
        weakness += square * square / source.degrees_of_freedom;
    }
    CombinedUncertainty combined;
    combined.level = level;
    combined.standard = std::sqrt(squares);
    if (weakness > 0) combined.degrees_of_freedom = squares * squares / weakness;
    // Broken degrees of freedom are rounded down, as G.4.1 asks, but never to none.
    const double whole = std::max(1.0, std::floor(combined.degrees_of_freedom));
    combined.coverage_factor = two_sided_t(level, whole);
    combined.expanded = combined.coverage_factor * combined.standard;
    return combined;
}

UncertainFigure ratio(const UncertainFigure& treated, const UncertainFigure& baseline, bool same_meter) {
    if (!(treated.value > 0 && baseline.value > 0))
        fail("a ratio needs positive figures, got {} and {}", treated.value, baseline.value);
    UncertainFigure result;
    result.value = treated.value / baseline.value;
    add_relative(treated, ", treated", result.value, same_meter, result.sources);
    add_relative(baseline, ", baseline", result.value, same_meter, result.sources);
    return result;
}

}  // namespace espalier::statistics
