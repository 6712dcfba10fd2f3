#pragma once

#include <optional>
#include <string>
#include <vector>

#include "statistics/repetitions.h"
#include "store/records.h"

namespace espalier::lab {

/// The meter by which the variants of a model are compared. One tier and one scope for all of them: numbers
/// of different meters are never set against each other.
struct EnergySource {
    std::string meter;  ///< empty: no energy was recorded
    std::string tier = "N";
    std::string scope;
    double factor_low = 1.0;
    double factor_high = 1.0;

    /// True for measured energy and calibrated models. Tier E is a function of processor time and is not
    /// tested.
    bool counts() const { return !meter.empty() && tier < "E"; }
    bool known() const { return !meter.empty(); }
};

/// The best source of the first finished trial, among the meters that cover the device which executes it.
EnergySource choose_energy_source(const std::vector<const store::TrialRecord*>& trials,
                                  const std::string& device);

/// What a variant needs, one value per block, of the trials that are done and have it.
struct Measures {
    std::vector<statistics::BlockValue> energy_j;  ///< per image
    /// Standard uncertainty that the meter's budget states for it, per image; empty where the meter stated
    /// none.
    std::vector<statistics::BlockValue> budget_j;
    std::vector<statistics::BlockValue> time_s;             ///< per image: median call / images of a call
    std::vector<statistics::BlockValue> p95_s;              ///< per image: 95th percentile of the calls
    std::vector<statistics::BlockValue> cpu_s;              ///< processor time per image
    std::vector<statistics::BlockValue> optimize_energy_j;  ///< once
    std::vector<statistics::BlockValue> optimize_s;
    int done = 0;
    int failed = 0;
    std::string error;  ///< of the first failed trial
};

Measures read_measures(const std::vector<const store::TrialRecord*>& trials, int batch,
                       const EnergySource& source);

/// Median of the values; nothing when there is none.
std::optional<double> median_of(const std::vector<statistics::BlockValue>& values);

}  // namespace espalier::lab
