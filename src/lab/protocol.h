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
inline constexpr const char* kIdleAfter = "idle-after";
}  // namespace phase

/// What a trial measured.
struct ProtocolOutcome {
    std::vector<store::PhaseRecord> phases;
    std::vector<store::TraceRecord> traces;  ///< power over the whole trial, one per energy meter
    bool steady = true;                      ///< false: warm-up ended at its cap before the calls were steady
    Seconds suspended;                       ///< time for which the machine slept meanwhile
};

/// The length of the measured window: what the plan says, and for the best meter of energy (tiers A to D) of
/// the part which executes and that of the whole machine at least what makes its numbers usable. Variants are
/// compared by one of these; what else measures the same is a check and lengthens nothing, and neither does a
/// model of tier E, which is never tested, nor the energy of a GPU that executes nothing.
Seconds window_length(const ProtocolSettings& settings, const std::vector<meters::Meter*>& meters,
                      meters::Part executing = meters::Part::kProcessor);

/// The part of the machine that a runtime's device is: "cpu", or what it calls its accelerators ("cuda:0").
meters::Part executing_part(const std::string& device);

/// The meters that a trial reads: all but those that no window of the plan is long enough for (a battery's
/// gauge needs ten minutes). Such a meter lengthens no window by itself: a study would take hours that nobody
/// asked for.
std::vector<meters::Meter*> suitable_meters(const ProtocolSettings& settings,
                                            const meters::Discovery& discovery);

/// Carries out one trial:
///     idle window -> load -> optimize -> warm up -> measured window -> (rest of the predictions) -> unload
///     -> idle window.
/// Instruments with ranges fix them before the measured window, when they have seen the load. Meters are read
/// at the edges of the phases, when the device has finished what it was given. In the measured window batches
/// are classified one after the other until every image was classified at least once and window_length() has
/// passed; each call is timed alone, and during the first pass its predictions are kept, between two timings.
/// Images are decoded and preprocessed before the trial, outside all windows.
///
/// `cpu_time` gives the processor time used so far by whatever executes the workload, `time_suspended` the
/// time the machine has slept so far. Counters may go on while a machine sleeps, or lose what they had: a
/// phase in which it slept has no energy of any meter.
ProtocolOutcome carry_out(const ProtocolSettings& settings, Workload& workload, meters::Sampler& sampler,
                          Clock& clock, const std::function<Seconds()>& cpu_time,
                          const std::function<Seconds()>& time_suspended,
                          meters::Part executing = meters::Part::kProcessor);

/// Time since the start of the machine that the monotonic clock left out because the machine slept:
/// CLOCK_BOOTTIME less CLOCK_MONOTONIC.
Seconds machine_time_suspended();

/// Processor time of this process, all threads, in nanosecond steps (CLOCK_PROCESS_CPUTIME_ID).
Seconds process_cpu_time();

/// The same of another process; nothing where it has ended.
std::optional<Seconds> cpu_time_of(int process);

/// Processor time of the children of this process that have ended and were waited for, with theirs.
Seconds ended_children_cpu_time();

}  // namespace espalier::lab
