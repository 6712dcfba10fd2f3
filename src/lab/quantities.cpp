#include "lab/quantities.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <span>

#include "base/error.h"

namespace espalier::lab {
namespace {

struct Unit {
    std::string_view text;
    double factor;
};

constexpr Unit kDurations[] = {{"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"min", 60.0}, {"h", 3600.0}};
constexpr Unit kPoints[] = {{"pt", 0.01}};
constexpr Unit kPercent[] = {{"%", 0.01}};
constexpr Unit kPrices[] = {{"/kWh", 1.0}};
constexpr Unit kCarbon[] = {{"g/kWh", 1.0}, {"kg/kWh", 1000.0}};
constexpr Unit kRents[] = {{"/h", 1.0}};

double parse(std::string_view text, std::string_view what, std::span<const Unit> units,
             std::string_view example) {
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
    if (problem == std::errc() && std::isfinite(value) && value >= 0.0) {
        for (const auto& known : units) {
            if (unit == known.text) return value * known.factor;
        }
    }
    fail_usage("{} was given as '{}'; write it with its unit, for example {}", what, text.substr(0, 60),
               example);
}

}  // namespace

Seconds parse_duration(std::string_view text, std::string_view what) {
    return Seconds(parse(text, what, kDurations, "20ms, 1.5s or 10m"));
}

double parse_points(std::string_view text, std::string_view what) {
    return parse(text, what, kPoints, "0.5pt");
}

double parse_percent(std::string_view text, std::string_view what) {
    return parse(text, what, kPercent, "2%");
}

double parse_price(std::string_view text, std::string_view what) {
    return parse(text, what, kPrices, "0.25/kWh");
}

double parse_carbon(std::string_view text, std::string_view what) {
    return parse(text, what, kCarbon, "350g/kWh");
}

double parse_embodied(std::string_view text, std::string_view what) {
    constexpr double kHoursPerYear = 8766.0;
    constexpr Unit kMasses[] = {{"g", 1.0}, {"kg", 1e3}};
    constexpr Unit kLives[] = {{"y", kHoursPerYear}};
    constexpr std::string_view kExample = "320kg/4y, the mass of CO2e and the years of use";
    const auto slash = text.find('/');
    const double grams = parse(text.substr(0, slash), what, kMasses, kExample);
    const double hours =
        parse(slash == std::string_view::npos ? "" : text.substr(slash + 1), what, kLives, kExample);
    if (!(hours > 0.0))
        fail_usage("{}: a machine is used for some time; {} is none", what, text.substr(0, 60));
    return grams / hours;
}

double parse_rent(std::string_view text, std::string_view what) {
    return parse(text, what, kRents, "1.20/h");
}

std::string write_duration(Seconds duration) { return fmt::format("{}s", duration.value()); }

std::string write_points(double fraction) { return fmt::format("{:g}pt", fraction * 100.0); }

std::string write_percent(double fraction) { return fmt::format("{:g}%", fraction * 100.0); }

std::string describe_duration(Seconds duration) {
    const double seconds = duration.value();
    if (seconds < 1.0) return fmt::format("{:.0f} ms", seconds * 1e3);
    const auto whole = static_cast<long long>(std::llround(seconds));
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace espalier::lab
