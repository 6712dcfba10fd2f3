#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meters/amdsmi/library.h"
#include "meters/availability.h"
#include "meters/file_tree.h"
#include "meters/meter.h"
#include "meters/named/named_meter.h"
#include "meters/nvml/access.h"
#include "meters/perf/perf_events.h"

namespace espalier::meters {

/// What was found out about one source.
struct Finding {
    /// "perf", "powercap", "battery", "nvml-energy", "cpu", "memory", "estimate", ..., or a meter as it was
    /// named
    std::string source;
    std::string what;  ///< what it would measure, e.g. "CPU packages and DRAM"
    Tier tier = Tier::kNone;
    Availability availability;
    bool named = false;  ///< by the user
    /// The way to the same counters that is used, or should be allowed, instead: "perf". Empty where there is
    /// none.
    std::string replaced_by{};
};

/// The meters that work here, and every known source with its state.
struct Discovery {
    std::vector<std::unique_ptr<Meter>> meters;
    std::vector<Finding> findings;
    std::vector<nvml::Gpu> gpus;  ///< that this process can use; their state is asked for by nvml::look_at()

    /// The meter of that name, or null.
    Meter* find(std::string_view name) const;
    /// The best tier that measures the energy of a part or of the whole machine, in windows of any length: A
    /// to D, else E where an estimate is among the meters, else N.
    Tier best_energy_tier(Part part = Part::kProcessor) const;
};

/// What discovery looks at. `files`, `clock` and `perf` must outlive the meters.
struct DiscoveryOptions {
    const FileTree& files;
    Clock& clock;
    std::optional<Watts> thermal_design_power;  ///< of the whole machine, as the user states it; tier E only
    int process = 0;                            ///< whose CPU time and memory are read; 0 is this process
    nvml::Access gpus{};                        ///< how NVIDIA GPUs are reached; by default they are not
    const PerfEvents* perf = nullptr;           ///< how events of the kernel are opened; null: they are not
    /// How AMD's library is opened: amdsmi::open_system_library. Empty: AMD GPUs are not looked for.
    std::function<amdsmi::Opened()> amd_gpus{};
    std::vector<NamedMeter> named{};  ///< asked besides; nothing else is looked for on a network
};

/// Asks every known source. Order of findings is fixed: best tier first.
Discovery discover(const DiscoveryOptions& options);

}  // namespace espalier::meters
