#include "statistics/normal.h"

#include <boost/math/special_functions/erf.hpp>
#include <cmath>

#include "base/error.h"

namespace espalier::statistics {

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
    if (!(p > 0 && p < 1)) fail("a normal quantile's order must lie strictly between 0 and 1, got {}", p);
    return -std::sqrt(2.0) * boost::math::erfc_inv(2 * p);
}

double two_sided_z(double level) {
    if (!(level > 0 && level < 1))
        fail("a confidence level must lie strictly between 0 and 1, got {}", level);
    return normal_quantile(0.5 + 0.5 * level);
}

}  // namespace espalier::statistics
