#include "lab/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace espalier::lab {
namespace {

struct Prefix {
    double factor;
    const char* text;
};

constexpr std::array<Prefix, 7> kPrefixes = {
    {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1.0, ""}, {1e-3, "m"}, {1e-6, "\u00b5"}, {1e-9, "n"}}};

Prefix prefix_for(double value) {
    const double magnitude = std::abs(value);
    if (magnitude == 0.0) return {1.0, ""};
    for (const auto& prefix : kPrefixes) {
        // 0.9995 rounds to 1 and reads better as 1 than as 999.5.
        if (magnitude >= prefix.factor * 0.9995) return prefix;
    }
    return kPrefixes.back();
}

}  // namespace

std::string significant(double value, int digits) {
    if (value == 0.0 || !std::isfinite(value)) return fmt::format("{:g}", value);
    // Rounded first: 0.9999 has its leading digit one place higher afterwards.
    const std::string rounded = fmt::format("{:.{}e}", value, digits - 1);
    const int exponent = std::atoi(rounded.c_str() + rounded.find('e') + 1);
    return fmt::format("{:.{}f}", std::strtod(rounded.c_str(), nullptr),
                       std::clamp(digits - 1 - exponent, 0, 12));
}

std::string grouped(double value) {
    std::string text = fmt::format("{:.0f}", std::abs(value));
    for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3) {
        text.insert(static_cast<std::size_t>(i), 1, ' ');
    }
    return fmt::format("{}{}", value < 0.0 ? "-" : "", text);
}

std::string percent_change(double factor) {
    const double percent = (factor - 1.0) * 100.0;
    return std::abs(percent) < 10.0 ? fmt::format("{:+.1f} %", percent) : fmt::format("{:+.0f} %", percent);
}

std::string points(double fraction) { return fmt::format("{:+.1f} pt", fraction * 100.0); }

std::string with_prefix(double value, const std::string& unit, int digits) {
    const Prefix prefix = prefix_for(value);
    return significant(value / prefix.factor, digits) + " " + prefix.text + unit;
}

std::string from_to(double from, double to, const std::string& unit, int digits) {
    const Prefix prefix = prefix_for(std::max(std::abs(from), std::abs(to)));
    return fmt::format("{} -> {} {}{}", significant(from / prefix.factor, digits),
                       significant(to / prefix.factor, digits), prefix.text, unit);
}

std::string p_text(double p_value) { return p_value < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p_value); }

std::string bytes(double value) { return with_prefix(value, "B"); }

}  // namespace espalier::lab
