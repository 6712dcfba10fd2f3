#pragma once

#include <string>

#include "store/records.h"

namespace espalier::store {

/// What a variant is called: its tactic, behind the name of its runtime where the study has several:
/// "pytorch/compile".
std::string label(const StudyRecord& study, const VariantRecord& variant);

}  // namespace espalier::store
