#include "report/number_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace espalier::report {
namespace {

/// Decimals that leave `digits` significant ones; negative for large numbers.
int decimals_of(double value, int digits) {
    return value == 0.0 ? 0 : digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value))));
}

/// Decimals up to the leading digit of half an interval, and one more after a 1 or a 2.
int decimals_for(double half) {
    const int exponent = static_cast<int>(std::floor(std::log10(half)));
    return -exponent + (half / std::pow(10.0, exponent) < 3.0 ? 1 : 0);
}

/// `decimals` places; negative ones round to tens, hundreds, ...
std::string fixed(double value, int decimals) {
    if (decimals < 0) {
        const double step = std::pow(10.0, -decimals);
        value = std::round(value / step) * step;
    }
    const std::string text = fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 12));
    return text.find_first_of("123456789") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

bool has_interval(const Measure& measure) {
    return measure.low && measure.high && *measure.high > *measure.low;
}

int decimals(const Measure& measure) {
    if (measure.interval == "factor") return decimals_of(*measure.value, 2);
    if (!has_interval(measure)) return decimals_of(*measure.value, 3);
    return std::min(decimals_for((*measure.high - *measure.low) / 2.0), decimals_of(*measure.value, 4));
}

std::string signed_text(double value, int decimals) {
    const std::string text = fixed(value, decimals);
    return value > 0.0 && text.find_first_of("123456789") != std::string::npos ? "+" + text : text;
}

}  // namespace

Scale scale_for(const std::string& unit, const Number& reference) {
    static constexpr std::pair<double, const char*> kPrefixes[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"},
                                                                   {1e3, "k"},  {1.0, ""},  {1e-3, "m"}};
    const std::string base = unit.substr(0, unit.find_first_of(" /"));
    const bool divides = base == "J" || base == "W" || base == "s";
    const bool multiplies =
        divides || base == "B" || base == "MAC" || base == "FLOP" || base == "g" || unit.empty();
    const double size = std::abs(reference.value_or(1.0));
    if (size == 0.0 || !multiplies || (divides && size >= 0.1 && size < 1e4)) return {1.0, unit};
    for (const auto& [step, prefix] : kPrefixes) {
        if (size >= step * 0.9995 && (step >= 1.0 || divides)) return {1.0 / step, prefix + unit};
    }
    return {1.0, unit};
}

std::string p_text(double p) { return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p); }

Uncertainty scaled(const Uncertainty& u, double factor) {
    return {u.standard * factor, u.repetitions * factor, u.meter * factor, u.expanded * factor};
}

Measure scaled(Measure measure, double factor) {
    for (auto* number : {&measure.value, &measure.low, &measure.high}) {
        if (*number) *number = **number * factor;
    }
    if (measure.uncertainty) measure.uncertainty = scaled(*measure.uncertainty, factor);
    return measure;
}

std::string significant(double value, int digits) { return fixed(value, decimals_of(value, digits)); }

std::string value_text(const Measure& measure) {
    if (!measure.value) return "unknown";
    if (!has_interval(measure)) {
        const bool whole = *measure.value == std::round(*measure.value);
        return fixed(*measure.value, whole ? 0 : std::max(0, decimals_of(*measure.value, 3)));
    }
    return (measure.interval == "factor" ? "≈ " : "") + fixed(*measure.value, decimals(measure));
}

std::string interval_text(const Measure& measure) {
    if (!measure.value || !has_interval(measure)) return "";
    if (measure.interval == "factor")
        return significant(*measure.low, 2) + " to " + significant(*measure.high, 2);
    const int places = decimals(measure);
    return fixed(*measure.low, places) + " to " + fixed(*measure.high, places);
}

std::string uncertainty_text(const Measure& measure) {
    if (!measure.uncertainty || !measure.value || *measure.value == 0.0) return "";
    const auto percent = [&](double part) {
        return significant(std::abs(part / *measure.value) * 100.0, 2) + " %";
    };
    const auto& u = *measure.uncertainty;
    return fmt::format("u {} ({}: repetitions {}, meter {})", significant(u.standard, 2), percent(u.standard),
                       percent(u.repetitions), percent(u.meter));
}

std::string change_text(const Measure& measure, const Metric& metric) {
    if (!measure.comparison || !measure.comparison->value) return "";
    const double value = *measure.comparison->value;
    if (metric.comparison == "difference") return change_text(value, {}, {}, "pt");
    return change_text((value - 1.0) * 100.0, {}, {}, "%");
}

std::string change_text(const Number& change, const Number& low, const Number& high,
                        const std::string& unit) {
    if (!change) return "unknown";
    const int places = unit == "pt" || std::abs(*change) < 10.0 ? 1 : 0;
    std::string text = signed_text(*change, places) + " " + unit;
    if (!low || !high) return text;
    const int finer = *high - *low < 2.0 ? 1 : places;
    return text + fmt::format(" ({} to {})", signed_text(*low, finer), signed_text(*high, finer));
}

}  // namespace espalier::report
