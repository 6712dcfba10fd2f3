#pragma once

#include <string>
#include <vector>

#include "meters/powercap/zones.h"
#include "meters/rapl/candidate.h"

namespace espalier::meters {

/// RAPL energy counters of the Linux powercap tree (Documentation/power/powercap/powercap.rst).
class PowercapMeter final : public RaplMeter {
  public:
    /// Throws Error when there is no zone. `files` and `clock` must outlive the meter.
    PowercapMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones);

  protected:
    std::variant<Joules, Gap> read_counter(std::size_t zone) override;

  private:
    const FileTree& files_;
};

/// The meter "powercap", or why there is none.
RaplCandidate find_powercap(const DiscoveryOptions& options);

/// Shell commands that let group `energy` read the counters, now and after a reboot; for an administrator to
/// run.
std::string powercap_permission_script();

}  // namespace espalier::meters
