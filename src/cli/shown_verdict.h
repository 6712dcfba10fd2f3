#pragma once

#include <map>

#include "lab/verdict.h"
#include "report/view_model.h"
#include "store/records.h"

namespace espalier::cli {

/// The lab's verdicts in the words of the report, by the model's row identifier.
std::map<store::Id, report::Verdict> shown_verdicts(const store::StudyRecord& study,
                                                    const lab::StudyVerdict& verdict);

}  // namespace espalier::cli
