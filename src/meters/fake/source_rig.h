#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meters/discovery.h"
#include "meters/fake/plant.h"

namespace espalier::meters {

/// What can happen to a source while it is read.
enum class Fault {
    kForbidden,  ///< EACCES
    kFails,      ///< EIO
    kRemoved,    ///< ENOENT
    kMalformed,  ///< it holds something else than a number
    kShort,      ///< a read ends early
};

/// A simulated machine with one energy source, and the meter that discovery made of it.
class SourceRig {
  public:
    virtual ~SourceRig() = default;
    /// The meter; its discovery must have found it.
    virtual Meter& meter() = 0;
    /// Lets every read fail from now on. False where this cannot happen to such a source.
    virtual bool disturb(Fault fault) = 0;
    virtual void repair() = 0;
};

/// One source in the tests that all sources must pass; a new meter is one row.
struct SourceRow {
    const char* name;  ///< of the test; the meter's own name where there is one row for it
    /// Plant and clock must outlive the rig. `phase` shifts the source's refreshes, in parts of a period.
    std::unique_ptr<SourceRig> (*make)(const Plant& plant, Clock& clock, double phase);
    Watts power;        ///< a usual power of what it measures
    Seconds refresh;    ///< T_u of the error budget
    Joules step;        ///< R of the error budget; 0 for power sensors, whose budget follows from `watt_step`
    Watts watt_step;    ///< of a power sensor; 0 for counters
    Seconds window;     ///< length of the windows
    Seconds sample;     ///< time between reads
    double time_scale;  ///< by which the traces are slower than those for a counter of 1 ms
    std::optional<Joules> range;  ///< where a counter restarts
};

/// Every source that has a fake.
const std::vector<SourceRow>& all_sources();

}  // namespace espalier::meters
