#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/measures.h"
#include "lab/plan.h"
#include "statistics/break_even.h"

namespace espalier::lab {

/// What an image costs before and after, and when the optimization is earned back, in one currency.
struct Payback {
    std::string currency;   ///< "energy", "time", "money", "rent", "carbon"
    std::string unit;       ///< of cost and saving: "J", "s", the plan's currency, "g CO2e"
    double baseline = 0.0;  ///< per image
    double treated = 0.0;
    statistics::BreakEven break_even;  ///< cost once, saving per image, images until it pays back
    std::optional<double> days;        ///< until then at the stated images per day; only where it is shown
    std::string basis;                 ///< the figures it rests on, with date and source; empty for J and s
};

/// Energy, electricity money and carbon only where energy is measured (source.counts()); time always; rent
/// where an hourly price is given. Electricity is not added to rent: the hour includes it. PUE multiplies
/// money and carbon, never the device's energy. A currency is left out when fewer than two blocks have both
/// terms.
std::vector<Payback> paybacks(const Measures& baseline, const Measures& treated, const EnergySource& source,
                              const CostSettings& costs, const statistics::BootstrapOptions& bootstrap = {});

/// "pays back after 41 000 images (about 2 days): optimizing cost 50 kJ", or why it does not or is not shown.
std::string describe(const Payback& payback);

}  // namespace espalier::lab
