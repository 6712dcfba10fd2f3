#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "report/view_model.h"

namespace espalier::report {

/// What the plan says about costs; unset figures are left out of every line, never assumed.
struct Costs {
    Number price;     ///< money per kWh
    Number carbon;    ///< g CO2e per kWh
    Number embodied;  ///< g CO2e of making the machine, for each hour of its life
    Number rent;      ///< money per hour, electricity included
    Number pue;       ///< facility energy / device energy
    std::string currency = "money";
    std::vector<CostInput> inputs;

    /// Money for each joule of the device; nothing when the price is unset.
    Number money_per_joule() const;
    Number grams_per_joule() const;
    Number rent_per_second() const;
    Number embodied_per_second() const;
};

/// Reads the "costs" object of a stored plan; an absent object gives no costs.
Costs read_costs(const nlohmann::json& plan);

/// Adds the cost lines that the given figures and the variant's measures allow.
void add_cost_measures(const Costs& costs, Variant& variant);

}  // namespace espalier::report
