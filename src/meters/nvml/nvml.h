#pragma once

#include "meters/discovery.h"

namespace espalier::meters::nvml {

/// Finds the meters of NVIDIA GPUs: "nvml-energy", "nvml-power", "nvml-utilization", "nvml-memory". One
/// finding "nvml" where there is no library or no GPU; otherwise one for each meter, with the reason where it
/// does not work. GPUs that CUDA_VISIBLE_DEVICES hides are left out.
void discover_nvml(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters::nvml
