#include "statistics/distributions.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "base/error.h"
#include "statistics/normal.h"

namespace espalier::statistics {
namespace {

void check(double argument, double degrees_of_freedom) {
    if (std::isnan(argument)) fail("a probability was asked of what is not a number");
    if (!(degrees_of_freedom > 0)) fail("degrees of freedom must be positive, got {}", degrees_of_freedom);
}

}  // namespace

double chi_squared_tail(double x, double degrees_of_freedom) {
    check(x, degrees_of_freedom);
    if (x < 0 || std::isinf(degrees_of_freedom))
        fail("chi-squared is defined for x >= 0 and finite degrees of freedom, got {} and {}", x,
             degrees_of_freedom);
    return std::isinf(x) ? 0.0 : boost::math::gamma_q(0.5 * degrees_of_freedom, 0.5 * x);
}

double student_tail(double t, double degrees_of_freedom) {
    check(t, degrees_of_freedom);
    if (std::isinf(t)) return t > 0 ? 0.0 : 1.0;
    if (std::isinf(degrees_of_freedom)) return normal_cdf(-t);
    return boost::math::cdf(
        boost::math::complement(boost::math::students_t_distribution<double>(degrees_of_freedom), t));
}

double two_sided_t(double level, double degrees_of_freedom) {
    check(level, degrees_of_freedom);
    if (!(level > 0 && level < 1)) fail("a confidence level lies between 0 and 1, got {}", level);
    if (std::isinf(degrees_of_freedom)) return two_sided_z(level);
    return boost::math::quantile(boost::math::complement(
        boost::math::students_t_distribution<double>(degrees_of_freedom), 0.5 * (1 - level)));
}

double shifted_student_tails(double t, double degrees_of_freedom, double shift) {
    check(t, degrees_of_freedom);
    if (!(t >= 0) || !std::isfinite(shift) || !std::isfinite(degrees_of_freedom))
        fail("the tails of a shifted t need t >= 0 and finite parameters, got {}, {} and {}", t, shift,
             degrees_of_freedom);
    const boost::math::non_central_t_distribution<double> distribution(degrees_of_freedom, shift);
    return boost::math::cdf(boost::math::complement(distribution, t)) + boost::math::cdf(distribution, -t);
}

}  // namespace espalier::statistics
