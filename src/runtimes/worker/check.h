#pragma once

#include <string>
#include <vector>

#include "runtimes/worker/worker_process.h"

namespace espalier::runtimes {

/// One rule of the protocol, and whether a worker keeps it.
struct WorkerRule {
    std::string rule;
    bool kept = false;
    std::string detail;  ///< what was seen
};

/// Tries a worker on the baseline of a model, in several processes: every op, errors, wrong requests,
/// batches, its end. A rule that could not be tried because of an earlier one is not among the results.
/// Throws Error where the model cannot be read.
std::vector<WorkerRule> check_worker(const WorkerCommand& command, const std::string& model, int threads,
                                     const WorkerPatience& patience = {});

}  // namespace espalier::runtimes
