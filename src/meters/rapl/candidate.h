#pragma once

#include <memory>

#include "meters/discovery.h"
#include "meters/rapl/rapl_meter.h"

namespace espalier::meters {

/// One way to RAPL's counters: what was found out about it, and its meter where it works.
struct RaplCandidate {
    Finding finding;
    std::unique_ptr<RaplMeter> meter;  ///< null unless the finding is ok
};

/// "unsupported" where the processor adds noise to its counters (SGX), ok otherwise.
Availability check_filtering(const FileTree& files);

/// A candidate that works, with the tier and the notes that belong to the machine: values seen through a
/// hypervisor are a model of the host's (tier D).
RaplCandidate working_candidate(const FileTree& files, Finding finding, std::unique_ptr<RaplMeter> meter);

}  // namespace espalier::meters
