#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meters/file_tree.h"
#include "meters/meter.h"

namespace espalier::meters {

/// Whether a source can be used here. "No permission" is not "absent": the first has a fix.
enum class State { kOk, kNoPermission, kAbsent, kUnsupported, kBroken };

/// "ok", "no permission", "absent", "unsupported", "broken".
std::string_view name(State state);

struct Availability {
    State state = State::kAbsent;
    std::string reason;  ///< one sentence
    std::string fix;     ///< the exact command or text that helps; empty where nothing does
};

/// What was found out about one source.
struct Finding {
    std::string source;  ///< "powercap", "perf", "cpu", "memory", "estimate"
    std::string what;    ///< what it would measure, e.g. "CPU packages and DRAM"
    Tier tier = Tier::kNone;
    Availability availability;
};

/// The meters that work here, and every known source with its state.
struct Discovery {
    std::vector<std::unique_ptr<Meter>> meters;
    std::vector<Finding> findings;

    /// The meter of that name, or null.
    Meter* find(std::string_view name) const;
    /// The best tier that measures energy: A to D, else E where an estimate is among the meters, else N.
    Tier best_energy_tier() const;
};

/// What discovery looks at. `files` and `clock` must outlive the meters.
struct DiscoveryOptions {
    const FileTree& files;
    Clock& clock;
    std::optional<Watts> thermal_design_power;  ///< of the whole machine, as the user states it; tier E only
    int process = 0;                            ///< whose CPU time and memory are read; 0 is this process
};

/// Asks every known source. Order of findings is fixed: best tier first.
Discovery discover(const DiscoveryOptions& options);

}  // namespace espalier::meters
