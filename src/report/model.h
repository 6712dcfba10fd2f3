#pragma once

#include <set>
#include <vector>

#include "report/compare.h"
#include "report/costs.h"
#include "report/view_model.h"
#include "store/records.h"

namespace espalier::report {

/// What all models of the study share.
struct Context {
    const store::StudyRecord& study;
    std::vector<int> blocks;  ///< numbers of the blocks, in order
    std::vector<Metric> metrics;
    Analysis analysis;
    Costs costs;
    std::set<store::Id> excluded;  ///< trials that are left out of every number
};

/// One model with its variants, their measures and comparisons, without a verdict. Its `tier` and `source`
/// are those of the energy the variants are compared by. Throws Error when stored evidence is damaged.
Model build_model(const Context& context, const store::ModelRecord& record);

}  // namespace espalier::report
