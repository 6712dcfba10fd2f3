#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "meters/availability.h"
#include "meters/nvml/api.h"

namespace espalier::meters::nvml {

/// The library, initialized. Shuts it down, and closes it, when destroyed.
class Library {
  public:
    /// `functions` are initialized; `file` keeps what they point into.
    explicit Library(Functions functions, std::shared_ptr<void> file = nullptr);
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    const Functions& functions() const { return functions_; }
    /// E.g. "580.82.07"; empty where it is not told.
    const std::string& driver_version() const { return driver_version_; }

  private:
    std::shared_ptr<void> file_;
    Functions functions_;
    std::string driver_version_;
};

/// The library, or why there is none.
using Opened = std::variant<std::shared_ptr<const Library>, Availability>;

/// Loads a library by dlopen(3), looks its functions up and initializes it. Which functions are missing shows
/// when they are asked; a file without initialization is broken.
Opened open_library(const std::string& file);

/// open_library() of libnvidia-ml.so.1 where the dynamic loader, WSL or a container's mount has it.
Opened open_system_library();

/// Initializes functions that are at hand, or says why that fails.
Opened initialize(Functions functions, std::shared_ptr<void> file = nullptr);

/// How GPUs are reached, and which of them CUDA shows to this process. What the variables mean is told in
/// visible.h.
struct Access {
    std::function<Opened()> open;                ///< empty: GPUs are not looked for
    std::optional<std::string> visible_devices;  ///< CUDA_VISIBLE_DEVICES; nothing where it is not set
    std::string device_order;                    ///< CUDA_DEVICE_ORDER; empty where it is not set
};

/// A physical GPU of this machine.
struct Gpu {
    std::shared_ptr<const Library> library;  ///< that `device` belongs to
    Device device = nullptr;
    std::string uuid;  ///< "GPU-..."
    std::string name;  ///< "NVIDIA H100 80GB HBM3"
    std::string pci;   ///< "00000000:1A:00.0"; empty where it is not told
    unsigned architecture = kArchitectureUnknown;
    bool samples_instantly = false;  ///< GA100, or older than Ampere: power_usage is no mean over a second
    bool module = false;             ///< the energy counter is that of CPU, GPU and memory together
    std::optional<bool> mig;         ///< whether it is divided into instances; nothing where not told
    std::vector<std::string> instances;  ///< UUIDs of its MIG instances, "MIG-..."

    /// "NVIDIA H100 80GB HBM3 (GPU-2f3a1c55)": the name and as much of the UUID as a reader needs.
    std::string label() const;
};

}  // namespace espalier::meters::nvml
