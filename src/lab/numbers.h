#pragma once

#include <cstdint>
#include <string>

/// Numbers as people read them: no more digits than mean something, never an exponent where a unit prefix
/// does.
namespace espalier::lab {

/// `digits` significant digits without an exponent: 1.94, 0.0721, 41, 16700.
std::string significant(double value, int digits = 3);

/// Groups of three: "41 000".
std::string grouped(double value);

/// A change as percent with its sign: factor 0.37 gives "-63 %". One decimal below 10 %.
std::string percent_change(double factor);

/// Points with sign: -0.002 gives "-0.2 pt".
std::string points(double fraction);

/// A value with the prefix that suits it: "50 kJ", "720 mJ", "1.9 J".
std::string with_prefix(double value, const std::string& unit, int digits = 3);

/// Two values in one unit: "1.94 -> 0.72 J", prefix chosen for the larger one.
std::string from_to(double from, double to, const std::string& unit, int digits = 3);

/// A p-value: "0.034", "< 0.001".
std::string p_text(double p_value);

/// Decimal bytes: "346 MB".
std::string bytes(double value);

}  // namespace espalier::lab
