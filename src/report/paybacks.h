#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/costs.h"
#include "report/series.h"
#include "report/view_model.h"
#include "statistics/bootstrap.h"

namespace espalier::report {

/// When the optimization is earned back, against the baseline, in every currency that the measurements and
/// the given figures allow: energy and what follows from it (money, carbon) only where energy counts, time
/// always.
std::vector<Payback> paybacks(const std::map<std::string, Series>& baseline,
                              const std::map<std::string, Series>& treated, const EnergySource& energy,
                              const Costs& costs, const statistics::BootstrapOptions& bootstrap);

}  // namespace espalier::report
