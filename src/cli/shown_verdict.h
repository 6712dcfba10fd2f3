#pragma once

#include <map>
#include <optional>

#include "lab/verdict.h"
#include "report/view_model.h"
#include "store/records.h"

namespace espalier::cli {

/// The lab's verdicts in the words of the report, by the model's row identifier.
std::map<store::Id, report::Verdict> shown_verdicts(const store::StudyRecord& study,
                                                    const lab::StudyVerdict& verdict);

/// The lab's comparison of the models in the words of the report; nothing for a study of one.
std::optional<report::Across> shown_across(const lab::StudyVerdict& verdict);

}  // namespace espalier::cli
