#pragma once

namespace espalier::statistics {

/// P(Z <= z) of the standard normal distribution.
double normal_cdf(double z);

/// The z with normal_cdf(z) = p. Throws Error unless 0 < p < 1.
double normal_quantile(double p);

/// The z of a two-sided interval, normal_quantile((1 + level) / 2). Throws Error unless 0 < level < 1.
double two_sided_z(double level);

}  // namespace espalier::statistics
