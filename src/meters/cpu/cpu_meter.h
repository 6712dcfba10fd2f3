#pragma once

#include <optional>
#include <string>

#include "meters/discovery.h"
#include "meters/window.h"

namespace espalier::meters {

/// Processor time of one process, of its reaped children, and of the machine (proc(5): stat, pid/stat).
/// Zones: "process", "children", "machine-busy", "machine-idle", "machine-steal"; Seconds, in steps of a
/// clock tick.
class CpuMeter final : public Meter {
  public:
    /// `process` 0 is the calling process. `files` and `clock` must outlive the meter.
    CpuMeter(const FileTree& files, const Clock& clock, int process = 0);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    const FileTree& files_;
    const Clock& clock_;
    std::string process_path_;
    Description description_;
};

/// What processors did in a window. Nothing where the window does not tell.
struct CpuUse {
    std::optional<Seconds> process_time;
    std::optional<Seconds> children_time;
    std::optional<double> process_cpus;  ///< process_time / duration: 2 means two processors kept busy
    std::optional<Ratio> machine;        ///< busy / (busy + idle + steal)
    std::optional<Ratio> steal;  ///< steal / (busy + idle + steal): time the hypervisor gave to others
};

/// Reads a window of a CpuMeter.
CpuUse cpu_use(const WindowReading& window);

/// Processor time of the machine since it started, summed over its processors.
struct MachineTimes {
    Seconds busy;  ///< user, nice, system, irq, softirq; guests are part of user
    Seconds idle;  ///< idle and waiting for I/O
    Seconds steal;
};

/// First line of /proc/stat, or nothing where it cannot be read.
std::optional<MachineTimes> read_machine_times(const FileTree& files);

/// Adds the CPU meter, or says why there is none.
void discover_cpu(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
