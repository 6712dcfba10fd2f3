#pragma once

#include <string>
#include <vector>

#include "report/compare.h"
#include "report/view_model.h"
#include "store/records.h"

namespace espalier::report {

/// How the study was carried out: design, steps with their median length, meters (those that are described,
/// or what the trials recorded), and how numbers were tested.
Method describe_method(const store::StudyRecord& study, const Analysis& analysis,
                       const std::vector<Meter>& described);

/// What a meter reads, in words, by the meter's name.
std::string source_name(const std::string& meter);

/// What a reader must know before believing the numbers: the notes of the study, and what its records show.
std::vector<Warning> describe_warnings(const store::StudyRecord& study, const Analysis& analysis);

/// The command that repeats the study, from its stored plan; nothing when the plan cannot be read.
Text describe_command(const store::StudyRecord& study);

}  // namespace espalier::report
