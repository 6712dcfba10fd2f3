#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "statistics/repetitions.h"

namespace espalier::statistics {

/// Result of a test that several treatments are all alike.
struct Omnibus {
    double statistic = 0.0;  ///< chi-squared under the hypothesis, asymptotically
    std::size_t degrees_of_freedom = 0;
    double p_value = 1.0;
    std::size_t treatments = 0;
    std::size_t used = 0;  ///< blocks of Friedman's test, values of Kruskal and Wallis's
};

/// Friedman's test (1937) over complete blocks, with mid-ranks and tie correction:
/// chi2 = (k - 1) sum_t (R_t - n (k + 1) / 2)^2 / sum (r_it - (k + 1) / 2)^2,  R_t the rank sum of treatment
/// t. What the runs of a block have in common does not enter. p = 1 where every block is one tie. Throws
/// Error for fewer than two complete blocks.
Omnibus friedman(const BlockedRepetitions& sample);

/// Kruskal & Wallis's test (1952) of independent samples, with mid-ranks and tie correction. p = 1 where all
/// values are equal. Throws Error for fewer than two samples or an empty one.
Omnibus kruskal_wallis(std::span<const Repetitions> samples);

/// Holm's adjustment of the pairwise tests that follow an omnibus test: none is smaller than `omnibus_p`, so
/// that they show nothing at a level at which the omnibus test does not. Throws Error as holm() does.
std::vector<double> holm_after(double omnibus_p, std::span<const double> p_values);

}  // namespace espalier::statistics
