#include "meters/rapl/candidate.h"

#include "meters/cpu/cpu_info.h"

namespace espalier::meters {

Availability check_filtering(const FileTree& files) {
    if (!read_cpu_info(files).has_flag("sgx")) return {State::kOk, "", ""};
    return {State::kUnsupported,
            "SGX is on, so the processor adds noise to its energy counters (INTEL-SA-00389: up to 50 % off)",
            "switch SGX off in the firmware setup"};
}

RaplCandidate working_candidate(const FileTree& files, Finding finding, std::unique_ptr<RaplMeter> meter) {
    if (read_cpu_info(files).has_flag("hypervisor")) {
        meter->lower_tier(Tier::kCalibratedModel,
                          "read through a hypervisor: a share of the host's energy that the host computes");
    }
    finding.tier = meter->description().tier;
    finding.availability = {State::kOk, meter->description().scope, ""};
    if (meter->has_ambiguous_dies())
        finding.availability.reason += "; its dies may mirror each other: calibrate";
    return {std::move(finding), std::move(meter)};
}

}  // namespace espalier::meters
