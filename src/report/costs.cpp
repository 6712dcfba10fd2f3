#include "report/costs.h"

#include <nlohmann/json.hpp>

#include "report/metrics.h"
#include "report/number_text.h"

namespace espalier::report {
namespace {

using nlohmann::json;

constexpr double kJoulesPerKwh = 3.6e6;
constexpr double kMillion = 1e6;

/// Reads one figure of the plan and lists it among the inputs, given or not.
Number figure(const json& costs, const char* key, CostInput input, Costs& into) {
    const auto found = costs.find(key);
    if (found != costs.end() && found->is_object()) {
        input.value = found->value("value", 0.0);
        const std::string date = found->value("date", "");
        if (!date.empty()) input.date = date;
        input.source = found->value("source", "");
    } else {
        input.source = "not given";
    }
    into.inputs.push_back(input);
    return input.value;
}

Number times(const Number& value, double factor) { return value ? Number(*value * factor) : Number(); }

/// A cost line: `from` with every number multiplied by `factor`; its comparison, a ratio, stays as it is.
Measure scaled(const Measure& from, double factor, const std::string& source) {
    Measure measure = from;
    measure.value = times(from.value, factor);
    measure.low = times(from.low, factor);
    measure.high = times(from.high, factor);
    if (from.uncertainty) measure.uncertainty = scaled(*from.uncertainty, factor);
    measure.per_block.clear();
    measure.source = source;
    return measure;
}

const Measure* known(const Variant& variant, const char* key) {
    const auto found = variant.measures.find(key);
    return found == variant.measures.end() ? nullptr : &found->second;
}

Number plus(const Number& a, const Number& b) { return a && b ? Number(*a + *b) : Number(); }

/// E I + M of the software carbon intensity: `energy` and `time` in J and s for each unit of `count`. Its
/// ends are the sums of the ends. Nothing where intensity or the making of the machine is not given, for
/// either alone is no SCI.
std::optional<Measure> sci(const Costs& costs, const Measure* energy, const Measure* time, double seconds,
                           double count) {
    if (energy == nullptr || time == nullptr || !costs.grams_per_joule() || !costs.embodied_per_second())
        return {};
    const double operational = *costs.grams_per_joule() * count;
    const double embodied = *costs.embodied_per_second() * seconds * count;
    Measure measure;
    measure.value = plus(times(energy->value, operational), times(time->value, embodied));
    measure.low = plus(times(energy->low, operational), times(time->low, embodied));
    measure.high = plus(times(energy->high, operational), times(time->high, embodied));
    if (measure.low) measure.interval = "range";
    measure.source = "energy x grid intensity + time x making of the machine";
    measure.tier = energy->tier;
    measure.scope = energy->scope;
    measure.reason = energy->reason ? energy->reason : time->reason;
    return measure;
}

}  // namespace

Number Costs::money_per_joule() const {
    if (!price) return {};
    return *price * pue.value_or(1.0) / kJoulesPerKwh;
}

Number Costs::grams_per_joule() const { return times(carbon, pue.value_or(1.0) / kJoulesPerKwh); }

Number Costs::embodied_per_second() const { return times(embodied, 1.0 / 3600.0); }

Number Costs::rent_per_second() const { return times(rent, 1.0 / 3600.0); }

Costs read_costs(const json& plan) {
    Costs costs;
    const auto found = plan.find("costs");
    if (found == plan.end() || !found->is_object()) return costs;
    costs.currency = found->value("currency", costs.currency);
    const std::string money = costs.currency;
    costs.price = figure(*found, "price_per_kwh", {"Electricity price", {}, money + "/kWh", {}, ""}, costs);
    costs.carbon = figure(*found, "carbon_g_per_kwh", {"Grid intensity", {}, "g CO2e/kWh", {}, ""}, costs);
    costs.embodied =
        figure(*found, "embodied_g_per_h", {"Making of the machine", {}, "g CO2e/h", {}, ""}, costs);
    costs.rent = figure(*found, "rent_per_h", {"Machine rent", {}, money + "/h", {}, ""}, costs);
    costs.pue = figure(*found, "pue", {"PUE", {}, "", {}, ""}, costs);
    return costs;
}

void add_cost_measures(const Costs& costs, Variant& variant) {
    const auto* energy = known(variant, key::kEnergy);
    if (energy != nullptr && costs.money_per_joule()) {
        variant.measures[key::kElectricity] =
            scaled(*energy, *costs.money_per_joule() * kMillion, "energy x electricity price");
    }
    if (energy != nullptr && costs.grams_per_joule()) {
        variant.measures[key::kCarbon] =
            scaled(*energy, *costs.grams_per_joule() * kMillion, "energy x grid intensity");
    }
    const auto* time = known(variant, key::kTime);
    if (const auto measure = sci(costs, energy, time, 1e-3, kMillion)) variant.measures[key::kSci] = *measure;
    const auto provider =
        sci(costs, known(variant, key::kOptimizeEnergy), known(variant, key::kOptimizeTime), 1.0, 1.0);
    if (provider) variant.measures[key::kSciProvider] = *provider;
    if (time != nullptr && costs.rent_per_second()) {
        variant.measures[key::kRent] =
            scaled(*time, *costs.rent_per_second() * 1e-3 * kMillion, "time x machine rent");
    }
}

}  // namespace espalier::report
