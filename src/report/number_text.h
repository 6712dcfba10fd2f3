#pragma once

#include <string>

#include "report/view_model.h"

namespace espalier::report {

/// A number with as many significant digits as asked for, without an exponent and without trailing zeros that
/// it does not have: (0.07957, 3) -> "0.0796", (91.4, 3) -> "91.4", (1234.5, 3) -> "1230".
std::string significant(double value, int digits);

/// How a unit is written for numbers about as large as `reference`: its prefix, and what to multiply with.
struct Scale {
    double factor = 1.0;
    std::string unit;
};

/// B, MAC, FLOP, g and plain counts get k, M, G, T; J, W and s also m; shares, rates and money stay as they
/// are.
Scale scale_for(const std::string& unit, const Number& reference);

/// A p-value: "0.034", "< 0.001".
std::string p_text(double p);

/// The uncertainty in another unit.
Uncertainty scaled(const Uncertainty& uncertainty, double factor);

/// The measure in another unit; its comparison stays as it is.
Measure scaled(Measure measure, double factor);

/// A value with no more digits than its interval allows (at most four), "unknown" when there is none, and
/// "≈" with two digits when it is an uncalibrated estimate.
std::string value_text(const Measure& measure);

/// "0.0793 to 0.0805" in the same digits; empty without an interval.
std::string interval_text(const Measure& measure);

/// "u 0.0004 (0.5 %: repetitions 0.4 %, meter 0.3 %)"; empty where none is known.
std::string uncertainty_text(const Measure& measure);

/// The comparison as "-54 %" or "+0.3 pt"; empty where there is none.
std::string change_text(const Measure& measure, const Metric& metric);

/// A signed change with its interval: "-54 % (-54.0 to -52.5)".
std::string change_text(const Number& change, const Number& low, const Number& high, const std::string& unit);

}  // namespace espalier::report
