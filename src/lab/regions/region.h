#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/plan.h"

namespace espalier::lab {

/// What running costs the climate at a place, by tables that ship with the program (lab/regions/*.csv).
struct Region {
    std::string name;   ///< "ESP", "gcp:europe-west1", "azure:westeurope"
    std::string place;  ///< "Spain", "St. Ghislain"
    CostFigure carbon;  ///< g CO2e per kWh, yearly mean, with year, source and licence
    /// Of cloud regions: the provider's; a machine elsewhere has no known one
    std::optional<CostFigure> pue;
};

/// The region of that name; upper and lower case are the same. Throws a usage Error with a suggestion when
/// there is none.
Region find_region(const std::string& name);

/// Every region, in the order of the tables.
std::vector<Region> all_regions();

}  // namespace espalier::lab
