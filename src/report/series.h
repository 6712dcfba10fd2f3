#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/view_model.h"
#include "statistics/repetitions.h"
#include "store/records.h"

namespace espalier::report {

/// One number per block of one variant. Blocks whose trial is missing, failed, or has a gap hold nothing.
struct Series {
    std::vector<int> blocks;
    std::vector<Number> values;   ///< values[i] belongs to blocks[i]
    std::vector<Number> budgets;  ///< standard uncertainty that the meter states for each value; of energies
    Text reason;                  ///< of the first gap

    /// The present values as a sample for inference.
    statistics::Repetitions repetitions() const;
    std::size_t present() const;
    /// The budgets of the present values; shorter than repetitions() where one is not known.
    statistics::Repetitions stated() const;
};

/// The energy meter a whole model is compared by: never another tier or scope for a part of its variants.
struct EnergySource {
    std::string meter;  ///< empty: no energy was recorded
    std::string tier = "N";
    std::string scope;
    double factor_low = 1.0;
    double factor_high = 1.0;

    bool known() const { return !meter.empty(); }
    /// True for measured energy and for calibrated models: it may be compared and tested as energy.
    bool counts() const { return known() && tier < "E"; }
};

/// The best source that the first finished trial of the given variants recorded in its measured window, among
/// the meters that cover the device which executes them.
EnergySource choose_energy_source(const std::vector<const store::TrialRecord*>& trials,
                                  const std::string& device);

/// Every repeated metric of one variant, by metric key. `trials` are those of the variant, `blocks` the
/// blocks of the study, in order.
std::map<std::string, Series> read_series(const std::vector<const store::TrialRecord*>& trials,
                                          const std::vector<int>& blocks, const EnergySource& energy,
                                          const store::VariantRecord& variant);

}  // namespace espalier::report
