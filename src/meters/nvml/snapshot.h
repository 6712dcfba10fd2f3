#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "meters/nvml/access.h"

namespace espalier::meters::nvml {

/// The state of a GPU at one moment. An empty optional means that it is not told.
struct Snapshot {
    std::string uuid;
    std::string name;
    std::string pci;
    std::string driver_version;
    std::optional<unsigned> graphics_mhz;
    std::optional<unsigned> memory_mhz;
    std::optional<unsigned> max_graphics_mhz;
    std::optional<unsigned> temperature_c;
    std::optional<Watts> power_limit;
    std::optional<bool> persistence;  ///< the driver stays loaded while nobody uses the GPU
    std::optional<bool> ecc;
    std::optional<bool> mig;
    /// Why clocks are not higher: "idle", "power cap", "thermal", ...; empty where nothing holds them down,
    /// nothing where it is not told.
    std::optional<std::vector<std::string>> throttle;

    /// The reasons that slow work down; being idle, and clocks that somebody set, are none.
    std::vector<std::string> slowdowns() const;
};

Snapshot look_at(const Gpu& gpu);
std::vector<Snapshot> look_at(const std::vector<Gpu>& gpus);

/// Keys carry their unit; what is not told is null.
nlohmann::json to_json(const Snapshot& snapshot);

/// An array of them.
nlohmann::json to_json(const std::vector<Snapshot>& snapshots);

}  // namespace espalier::meters::nvml
