#pragma once

#include <string>
#include <vector>

#include "meters/rapl/candidate.h"

namespace espalier::meters {

/// RAPL energy counters as the driver amd_energy adds them up in 64 bits
/// (Documentation/hwmon/amd_energy.rst): those of sockets. Those of cores lie inside them and are not read,
/// because a machine has a hundred of them.
class AmdEnergyMeter final : public RaplMeter {
  public:
    /// The place of a zone is its file of microjoules. Throws Error when there is no zone. `files` and
    /// `clock` must outlive the meter.
    AmdEnergyMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones);

  protected:
    std::variant<Joules, Gap> read_counter(std::size_t zone) override;

  private:
    const FileTree& files_;
};

/// The meter "amd-energy", or why there is none.
RaplCandidate find_amd_energy(const DiscoveryOptions& options);

}  // namespace espalier::meters
