#pragma once

#include <string>

#include "meters/doctor.h"

namespace espalier::cli {

/// The report as a person reads it: the machine, one line per check with its fix below, and what can and
/// cannot be measured. Ends with a line break.
std::string doctor_text(const meters::Diagnosis& diagnosis);

/// One line per check: id, state, meaning and fix, separated by tabs.
std::string doctor_plain(const meters::Diagnosis& diagnosis);

/// The document "espalier.doctor/1", indented by two.
std::string doctor_json(const meters::Diagnosis& diagnosis);

}  // namespace espalier::cli
