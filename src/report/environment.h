#pragma once

#include <string>
#include <vector>

#include "report/view_model.h"
#include "store/records.h"

namespace espalier::report {

/// The stored environment of a study, read for showing.
struct Environment {
    std::vector<Fact> facts;    ///< known keys in words and groups; others under "Other" by their key
    std::vector<Meter> meters;  ///< everything that could be read, energy or not
    Text machine;               ///< the processor, in one line
};

/// Reads the environment (JSON). What is null becomes unknown; text that is no JSON object gives one unknown
/// fact.
Environment read_environment(const std::string& json);

/// What the control workload tells of the machine during the study: how often it ran, and how far its times
/// and energies scatter. Nothing where it did not run.
std::vector<Fact> describe_controls(const std::vector<store::ControlRecord>& controls);

}  // namespace espalier::report
