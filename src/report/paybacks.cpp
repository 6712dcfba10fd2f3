#include "report/paybacks.h"

#include "report/metrics.h"
#include "statistics/break_even.h"

namespace espalier::report {
namespace {

using statistics::BlockValue;
using statistics::BreakEvenState;
using statistics::PairedRepetitions;
using statistics::Repetitions;

/// One currency: what an image and what the optimization cost, as factors of two series.
struct Currency {
    const char* name;
    std::string unit;
    const char* per_image;
    double image_factor;
    const char* once;
    double once_factor;
};

Repetitions scaled(const Series& series, double factor, const Series& also) {
    std::vector<BlockValue> values;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
        if (series.values[i] && also.values[i])
            values.push_back({series.blocks[i], *series.values[i] * factor});
    }
    return Repetitions(values);
}

std::string explain(BreakEvenState state) {
    switch (state) {
        case BreakEvenState::kNotShown:
            return "the interval of the saving includes 0";
        case BreakEvenState::kNever:
            return "each image costs more than with the baseline";
        case BreakEvenState::kImmediate:
            return "it saves from the first image: optimizing cost nothing measurable";
        case BreakEvenState::kShown:
            break;
    }
    return "";
}

void fill(Payback& payback, const statistics::BreakEven& result) {
    payback.cost = result.cost;
    payback.saving = result.saving.value;
    payback.saving_low = result.saving.interval.low;
    payback.saving_high = result.saving.interval.high;
    if (result.state == BreakEvenState::kShown) {
        payback.images = result.images;
        payback.images_low = result.interval.low;
        payback.images_high = result.interval.high;
    } else {
        payback.reason = explain(result.state);
    }
}

Payback payback_in(const Currency& currency, const std::map<std::string, Series>& baseline,
                   const std::map<std::string, Series>& treated,
                   const statistics::BootstrapOptions& bootstrap) {
    Payback payback;
    payback.currency = currency.name;
    payback.unit = currency.unit;
    const auto& image = treated.at(currency.per_image);
    const auto& once = treated.at(currency.once);
    const auto& before = baseline.at(currency.per_image);
    const PairedRepetitions pairs(scaled(before, currency.image_factor, before),
                                  scaled(image, currency.image_factor, once));
    if (pairs.size() < 2) {
        payback.reason = "fewer than two blocks have both the saving and the cost";
        return payback;
    }
    fill(payback, statistics::break_even(pairs, scaled(once, currency.once_factor, image), bootstrap));
    return payback;
}

}  // namespace

std::vector<Payback> paybacks(const std::map<std::string, Series>& baseline,
                              const std::map<std::string, Series>& treated, const EnergySource& energy,
                              const Costs& costs, const statistics::BootstrapOptions& bootstrap) {
    std::vector<Currency> currencies;
    const auto of_energy = [&](const char* name, const std::string& unit, double factor) {
        currencies.push_back({name, unit, key::kEnergy, factor, key::kOptimizeEnergy, factor});
    };
    if (energy.counts()) {
        of_energy("energy", "J", 1.0);
        if (const auto money = costs.money_per_joule()) of_energy("money", costs.currency, *money);
        if (const auto grams = costs.grams_per_joule()) of_energy("carbon", "g CO2e", *grams);
    }
    currencies.push_back({"time", "s", key::kTime, 1e-3, key::kOptimizeTime, 1.0});
    if (const auto rent = costs.rent_per_second()) {
        currencies.push_back({"rent", costs.currency, key::kTime, 1e-3 * *rent, key::kOptimizeTime, *rent});
    }
    std::vector<Payback> all;
    for (const auto& currency : currencies) all.push_back(payback_in(currency, baseline, treated, bootstrap));
    return all;
}

}  // namespace espalier::report
