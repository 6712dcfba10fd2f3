#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meters/perf/perf_events.h"
#include "meters/rapl/candidate.h"

namespace espalier::meters {

/// A zone and the event, open on a CPU, that counts it.
struct PerfZone {
    RaplZone zone;
    double joules_per_count = 0;
    std::unique_ptr<PerfCounter> counter;
};

/// RAPL energy counters as the kernel's event source `power` adds them up in 64 bits (perf_event_open(2)).
class PerfMeter final : public RaplMeter {
  public:
    /// Throws Error when there is no zone. `clock` must outlive the meter.
    PerfMeter(const Clock& clock, const std::string& source, std::vector<PerfZone> zones);

  protected:
    std::variant<Joules, Gap> read_counter(std::size_t zone) override;

  private:
    std::vector<PerfZone> events_;
};

/// The meter "perf", or why there is none. A domain that the powercap tree does not list, where there is such
/// a tree, is left out: kernels before 5.17 show events of counters that an AMD processor lacks.
RaplCandidate find_perf(const DiscoveryOptions& options);

}  // namespace espalier::meters
