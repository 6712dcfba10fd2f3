#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "lab/plan.h"
#include "lab/workload.h"
#include "meters/discovery.h"
#include "meters/sampler.h"
#include "store/records.h"

namespace espalier::lab {

/// Names of the phases, in the order in which they happen.
namespace phase {
inline constexpr const char* kIdle = "idle";
inline constexpr const char* kLoad = "load";
inline constexpr const char* kOptimize = "optimize";
inline constexpr const char* kWarmUp = "warm-up";
inline constexpr const char* kMeasure = "measure";
inline constexpr const char* kAccuracy = "accuracy";
inline constexpr const char* kUnload = "unload";
}  // namespace phase

/// What a trial measured.
struct ProtocolOutcome {
    std::vector<store::PhaseRecord> phases;
    std::vector<store::TraceRecord> traces;  ///< power over the whole trial, one per energy meter
    bool steady = true;                      ///< false: warm-up ended at its cap before the calls were steady
};

/// The length of the measured window: what the plan says, and for every meter that measures energy (tiers A
/// to D) of the processor or the whole machine at least what makes its numbers usable. A model of tier E is
/// never tested, nor is the energy of a GPU that executes nothing, so they lengthen nothing.
Seconds window_length(const ProtocolSettings& settings, const std::vector<meters::Meter*>& meters);

/// The meters that a trial reads: all but those that no window of the plan is long enough for (a battery's
/// gauge needs ten minutes). Such a meter lengthens no window by itself: a study would take hours that nobody
/// asked for.
std::vector<meters::Meter*> suitable_meters(const ProtocolSettings& settings,
                                            const meters::Discovery& discovery);

/// Carries out one trial:
///     idle window -> load -> optimize -> warm up -> measured window -> (rest of the predictions) -> unload.
/// Meters are read at the edges of the phases. In the measured window batches are classified one after the
/// other until every image was classified at least once and window_length() has passed; each call is timed
/// alone, and during the first pass its predictions are kept, between two timings. Images are decoded and
/// preprocessed before the trial, outside all windows.
///
/// `cpu_time` gives the processor time used so far by whatever executes the workload.
ProtocolOutcome carry_out(const ProtocolSettings& settings, Workload& workload, meters::Sampler& sampler,
                          Clock& clock, const std::function<Seconds()>& cpu_time);

/// Processor time of this process, all threads, in nanosecond steps (CLOCK_PROCESS_CPUTIME_ID).
Seconds process_cpu_time();

}  // namespace espalier::lab
