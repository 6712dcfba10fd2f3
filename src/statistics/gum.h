#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "statistics/repetitions.h"

namespace espalier::statistics {

// Uncertainty as the GUM (JCGM 100:2008) combines it. A figure and its uncertainties share one unit.

/// One reason why a figure may be wrong.
struct UncertaintySource {
    std::string component;                                                ///< e.g. "repetitions"
    double standard = 0.0;                                                ///< one sigma, not negative
    double degrees_of_freedom = std::numeric_limits<double>::infinity();  ///< infinite for a stated bound
    /// The same unknown relative error in every figure of one meter, such as its gain: it cancels in a ratio
    /// of them.
    bool common = false;
};

/// A figure with what is known of its error.
struct UncertainFigure {
    double value = 0.0;
    std::vector<UncertaintySource> sources;
};

/// The uncertainties of a figure in one.
struct CombinedUncertainty {
    double standard = 0.0;
    double degrees_of_freedom = std::numeric_limits<double>::infinity();  ///< Welch-Satterthwaite, GUM G.2b
    double coverage_factor = 1.96;  ///< Student's t of those, cut off as G.4.1 says
    double expanded = 0.0;          ///< coverage_factor * standard
    double level = 0.95;
};

/// Type A (GUM 4.2): the mean of the repetitions, u = s / sqrt(n) with n - 1 degrees of freedom. Throws Error
/// for fewer than two.
UncertainFigure mean_with_uncertainty(const Repetitions& sample);

/// The same of figures that a meter read, with what the meter's budget states for each as a common component,
/// "meter": its median, kept whole and not divided by n, since it is not known how much of it repeats in
/// every window. Nothing where there are fewer than two figures or one of them has no budget.
std::optional<UncertainFigure> mean_with_uncertainty(const Repetitions& sample, const Repetitions& budgets);

/// Uncorrelated components added in squares (GUM 5.1.2); `common` ones count as any other, for the figure
/// alone is as wrong as its meter. Throws Error for a component that is negative or no number, for degrees of
/// freedom that are not positive, and for a level outside (0, 1).
CombinedUncertainty combine(std::span<const UncertaintySource> sources, double level = 0.95);

/// treated / baseline with its uncertainty, relative parts added in squares (GUM 5.1.6). Where both come from
/// the `same_meter`, common components cancel and are left out (GUM 5.2.2 with r = 1); of two meters they are
/// kept. Throws Error unless both values are positive.
UncertainFigure ratio(const UncertainFigure& treated, const UncertainFigure& baseline, bool same_meter);

}  // namespace espalier::statistics
