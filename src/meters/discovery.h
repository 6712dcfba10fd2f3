#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meters/availability.h"
#include "meters/file_tree.h"
#include "meters/meter.h"
#include "meters/named/named_meter.h"
#include "meters/nvml/access.h"

namespace espalier::meters {

/// What was found out about one source.
struct Finding {
    std::string
        source;        ///< "powercap", "nvml-energy", "cpu", "memory", "estimate", or a meter as it was named
    std::string what;  ///< what it would measure, e.g. "CPU packages and DRAM"
    Tier tier = Tier::kNone;
    Availability availability;
    bool named = false;  ///< by the user
};

/// The meters that work here, and every known source with its state.
struct Discovery {
    std::vector<std::unique_ptr<Meter>> meters;
    std::vector<Finding> findings;
    std::vector<nvml::Gpu> gpus;  ///< that this process can use; their state is asked for by nvml::look_at()

    /// The meter of that name, or null.
    Meter* find(std::string_view name) const;
    /// The best tier that measures the energy of a part or of the whole machine: A to D, else E where an
    /// estimate is among the meters, else N.
    Tier best_energy_tier(Part part = Part::kProcessor) const;
};

/// What discovery looks at. `files` and `clock` must outlive the meters.
struct DiscoveryOptions {
    const FileTree& files;
    Clock& clock;
    std::optional<Watts> thermal_design_power;  ///< of the whole machine, as the user states it; tier E only
    int process = 0;                            ///< whose CPU time and memory are read; 0 is this process
    nvml::Access gpus{};                        ///< how NVIDIA GPUs are reached; by default they are not
    std::vector<NamedMeter> named{};            ///< asked besides; nothing else is looked for on a network
};

/// Asks every known source. Order of findings is fixed: best tier first.
Discovery discover(const DiscoveryOptions& options);

}  // namespace espalier::meters
