#pragma once

namespace espalier::statistics {

// Each throws Error unless the degrees of freedom are positive (they may be broken, and infinite for
// Student's t, which then is the normal distribution) and the argument is a number.

/// P(X >= x) of the chi-squared distribution; x >= 0.
double chi_squared_tail(double x, double degrees_of_freedom);

/// P(T >= t) of Student's distribution.
double student_tail(double t, double degrees_of_freedom);

/// The t with P(|T| <= t) = level. Throws Error unless 0 < level < 1.
double two_sided_t(double level, double degrees_of_freedom);

/// P(|T| >= t) of the non-central t distribution whose normal part is shifted by `shift`; t >= 0.
double shifted_student_tails(double t, double degrees_of_freedom, double shift);

}  // namespace espalier::statistics
