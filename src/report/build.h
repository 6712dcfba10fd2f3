#pragma once

#include <map>
#include <string>

#include "report/view_model.h"
#include "store/records.h"

namespace espalier::report {

/// What the store does not know.
struct BuildOptions {
    std::string version;  ///< of the program that writes the report
    Text commit;
    std::string created;  ///< ISO 8601, UTC
    Text title;           ///< replaces the question that the report is headed with
    /// The recommendation for each model, by the model's row identifier. A model without one says so.
    std::map<store::Id, Verdict> verdicts;
    std::size_t resamples = 10000;  ///< of every bootstrap; fewer make coarser intervals
    std::optional<Across> across;   ///< the models compared with each other, where there are several
};

/// How a variant is called in the report and in Verdict: its tactic, with runtime, device, batch and threads
/// where the model has several variants of that tactic. Unique within the model.
std::string variant_id(const store::StudyRecord& study, const store::VariantRecord& variant);

/// Everything the report shows, from a study with its measurements (store::read_study). Throws Error when the
/// stored evidence or plan is damaged.
Report build_report(const store::StudyRecord& study, const BuildOptions& options);

}  // namespace espalier::report
