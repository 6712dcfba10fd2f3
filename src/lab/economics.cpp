#include "lab/economics.h"

#include <fmt/format.h>

#include "lab/numbers.h"

namespace espalier::lab {
namespace {

using statistics::BlockValue;
using statistics::BreakEvenState;

constexpr double kJoulesPerKwh = 3.6e6;
constexpr double kSecondsPerHour = 3600.0;

/// One currency: its price per joule or second, and which measures it applies to.
struct Currency {
    std::string name;
    std::string unit;
    double factor;
    std::vector<BlockValue> Measures::*per_image;
    std::vector<BlockValue> Measures::*once;
    std::string basis;
};

std::string cite(const char* what, const CostFigure& figure, const std::string& unit) {
    return fmt::format("{} {:g} {} ({}{}{})", what, figure.value, unit, figure.source,
                       figure.date.empty() ? "" : ", ", figure.date);
}

std::vector<Currency> currencies(const EnergySource& source, const CostSettings& costs) {
    const double pue = costs.pue ? costs.pue->value : 1.0;
    const std::string facility = costs.pue ? "; " + cite("PUE", *costs.pue, "") : "";
    std::vector<Currency> list;
    const auto energy = [&](const char* name, const std::string& unit, double factor, std::string basis) {
        list.push_back(
            {name, unit, factor, &Measures::energy_j, &Measures::optimize_energy_j, std::move(basis)});
    };
    if (source.counts()) {
        energy("energy", "J", 1.0, "");
        if (costs.price) {
            energy("money", costs.currency, costs.price->value * pue / kJoulesPerKwh,
                   cite("price", *costs.price, costs.currency + "/kWh") + facility);
        }
        if (costs.carbon) {
            energy("carbon", "g CO2e", costs.carbon->value * pue / kJoulesPerKwh,
                   cite("intensity", *costs.carbon, "g/kWh") + facility);
        }
    }
    list.push_back({"time", "s", 1.0, &Measures::time_s, &Measures::optimize_s, ""});
    if (costs.rent) {
        list.push_back({"rent", costs.currency, costs.rent->value / kSecondsPerHour, &Measures::time_s,
                        &Measures::optimize_s, cite("rent", *costs.rent, costs.currency + "/h")});
    }
    return list;
}

std::vector<BlockValue> scaled(std::vector<BlockValue> values, double factor) {
    for (auto& value : values) value.value *= factor;
    return values;
}

/// Values of the blocks that `also` has too.
std::vector<BlockValue> in_both(const std::vector<BlockValue>& values, const std::vector<BlockValue>& also) {
    std::vector<BlockValue> kept;
    for (const auto& value : values) {
        for (const auto& other : also) {
            if (other.block == value.block) kept.push_back(value);
        }
    }
    return kept;
}

std::optional<Payback> payback_in(const Currency& currency, const Measures& baseline, const Measures& treated,
                                  const CostSettings& costs, const statistics::BootstrapOptions& bootstrap) {
    const auto before = scaled(baseline.*currency.per_image, currency.factor);
    const auto after = scaled(in_both(treated.*currency.per_image, treated.*currency.once), currency.factor);
    const auto once = scaled(in_both(treated.*currency.once, treated.*currency.per_image), currency.factor);
    const statistics::PairedRepetitions pairs{statistics::Repetitions(before),
                                              statistics::Repetitions(after)};
    if (pairs.size() < 2) return std::nullopt;
    Payback payback;
    payback.currency = currency.name;
    payback.unit = currency.unit;
    payback.baseline = *median_of(before);
    payback.treated = *median_of(after);
    payback.break_even = statistics::break_even(pairs, statistics::Repetitions(once), bootstrap);
    payback.basis = currency.basis;
    if (payback.break_even.state == BreakEvenState::kShown && costs.per_day && costs.per_day->value > 0.0) {
        payback.days = payback.break_even.images / costs.per_day->value;
    }
    return payback;
}

std::string days_text(const std::optional<double>& days) {
    if (!days) return "";
    if (*days < 1.0) return " (within a day)";
    return fmt::format(" (about {} days)", grouped(*days));
}

}  // namespace

std::vector<Payback> paybacks(const Measures& baseline, const Measures& treated, const EnergySource& source,
                              const CostSettings& costs, const statistics::BootstrapOptions& bootstrap) {
    std::vector<Payback> all;
    for (const auto& currency : currencies(source, costs)) {
        if (auto payback = payback_in(currency, baseline, treated, costs, bootstrap))
            all.push_back(std::move(*payback));
    }
    return all;
}

std::string describe(const Payback& payback) {
    const auto& result = payback.break_even;
    // Prefixes suit physical units; money and grams stay as they are.
    const bool physical = payback.unit == "J" || payback.unit == "s";
    const std::string cost =
        physical ? with_prefix(result.cost, payback.unit) : significant(result.cost) + " " + payback.unit;
    switch (result.state) {
        case BreakEvenState::kShown:
            return fmt::format("pays back after {} images{} (95 % CI {} to {}): optimizing cost {}",
                               grouped(std::stod(significant(result.images, 2))), days_text(payback.days),
                               grouped(std::stod(significant(result.interval.low, 2))),
                               grouped(std::stod(significant(result.interval.high, 2))), cost);
        case BreakEvenState::kImmediate:
            return "saves from the first image: optimizing cost nothing measurable";
        case BreakEvenState::kNever:
            return fmt::format("never pays back: each image costs more; optimizing cost {}", cost);
        case BreakEvenState::kNotShown:
            break;
    }
    return fmt::format("pay-back not shown: the interval of the saving includes 0; optimizing cost {}", cost);
}

}  // namespace espalier::lab
