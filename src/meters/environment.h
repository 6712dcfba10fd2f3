#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "meters/cpu/cpu_info.h"
#include "meters/file_tree.h"
#include "meters/nvml/snapshot.h"

namespace espalier::meters {

/// The machine as a measurement finds it. An empty optional means that the machine does not tell.
struct Environment {
    std::string system;  ///< PRETTY_NAME of os-release, e.g. "Debian GNU/Linux 12 (bookworm)"
    std::string kernel;  ///< e.g. "6.1.0-18-amd64"
    CpuInfo cpu;
    int usable_cpus = 1;                   ///< that this process may run on
    std::string isa;                       ///< best instruction set that kernels are written for
    std::string hypervisor;                ///< empty on bare metal; else its product name, or "unknown"
    std::string container;                 ///< empty outside containers; else "docker", "podman", ...
    std::optional<double> cpu_quota;       ///< processors the control group grants; nothing where unlimited
    std::map<std::string, int> governors;  ///< frequency governor -> number of its policies
    std::optional<bool> turbo;             ///< clocks above the nominal one are allowed
    std::optional<bool> smt;               ///< several hardware threads share a core
    std::optional<bool> nmi_watchdog;      ///< the kernel's watchdog wakes every processor
    std::optional<double> load_1min;       ///< mean number of runnable threads
    std::optional<double> steal;           ///< share of processor time since the start that a hypervisor took
    std::optional<double> temperature_c;   ///< hottest processor sensor
    std::optional<bool> on_battery;        ///< nothing where there is no battery
    std::optional<Bytes> memory;
    std::optional<Bytes> memory_available;
    std::optional<Bytes> swap_used;
    std::vector<nvml::Snapshot> gpus;  ///< that this process can use
};

/// Everything that files tell; GPUs are no files.
Environment read_environment(const FileTree& files);

/// For the store and `doctor --json`; what is not known is null. Of the processor's flags only those that
/// matter to kernels and meters are listed.
nlohmann::json to_json(const Environment& environment);

}  // namespace espalier::meters
