#pragma once

#include <cstddef>
#include <span>

namespace espalier::statistics {

// All of these throw Error when there are too few values (one; two for the standard deviation) or one is NaN.

double mean(std::span<const double> values);

/// Sample standard deviation (divisor n - 1).
double standard_deviation(std::span<const double> values);

/// Quantile of order p in [0, 1], type 7 of Hyndman & Fan (1996), the default of R and NumPy:
/// linear between the order statistics around h = (n - 1) p.
double quantile(std::span<const double> values, double p);

/// quantile(values, 0.5).
double median(std::span<const double> values);

/// Median of |x - median|, without a scale factor.
double median_absolute_deviation(std::span<const double> values);

/// Description of a sample of anything, images included. It is no basis for inference: that takes
/// Repetitions.
struct Summary {
    std::size_t count = 0;
    double mean = 0.0;
    double standard_deviation = 0.0;  ///< 0 for a single value
    double min = 0.0;
    double lower_quartile = 0.0;
    double median = 0.0;
    double upper_quartile = 0.0;
    double p95 = 0.0;
    double max = 0.0;
    double median_absolute_deviation = 0.0;
};

Summary summarize(std::span<const double> values);

}  // namespace espalier::statistics
