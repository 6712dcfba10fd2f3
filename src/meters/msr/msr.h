#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meters/rapl/candidate.h"

namespace espalier::meters {

/// A zone and the register that counts it.
struct MsrZone {
    RaplZone zone;  ///< its place is the file, "dev/cpu/0/msr"
    std::uint32_t number = 0;
    Joules unit;  ///< of one count
};

/// RAPL energy counters read from the processor's registers through the kernel's module msr.
class MsrMeter final : public RaplMeter {
  public:
    /// Throws Error when there is no zone. `files` and `clock` must outlive the meter.
    MsrMeter(const FileTree& files, const Clock& clock, std::vector<MsrZone> zones);

  protected:
    std::variant<Joules, Gap> read_counter(std::size_t zone) override;

  private:
    const FileTree& files_;
    std::vector<MsrZone> registers_;
};

/// The meter "msr", or why there is none.
RaplCandidate find_msr(const DiscoveryOptions& options);

}  // namespace espalier::meters
