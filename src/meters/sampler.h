#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "meters/meter.h"
#include "meters/window.h"

namespace espalier::meters {

/// An edge of a window: every meter was read here.
struct Mark {
    std::size_t index = 0;     ///< of the round of readings
    Seconds time;              ///< when the round began
    Seconds sampler_cpu_time;  ///< processor time the sampler's own thread had used until then
};

/// Reads meters periodically in a thread of its own and at the edges of windows on demand.
/// Periodic rounds keep wraps countable, draw the power curve and integrate power meters; the energy of a
/// counter is the difference of its edges. At most 100 rounds a second.
///
///     Sampler sampler(meters, clock);
///     sampler.start();
///     const Mark begin = sampler.mark();
///     ...work...
///     const Mark end = sampler.mark();
///     sampler.stop();
///     sampler.windows(begin, end);
class Sampler {
  public:
    static constexpr Seconds kShortestPeriod{0.01};
    static constexpr Seconds kDefaultPeriod{0.1};

    /// The period used is the smaller of `period` and what the meters' wraps allow.
    /// Throws a usage Error when period < kShortestPeriod. Meters and clock must outlive the sampler.
    Sampler(std::vector<Meter*> meters, Clock& clock, Seconds period = kDefaultPeriod);
    ~Sampler();
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    Seconds period() const { return period_; }
    const std::vector<Meter*>& meters() const { return meters_; }

    /// Starts the thread; it samples in real time, whatever the clock. Does nothing when it runs already.
    void start();
    /// Ends the thread and waits for it. Does nothing when it does not run.
    void stop();

    /// One periodic round, on the caller's thread. What the thread calls; tests with a virtual clock call it.
    void sample();
    /// Reads every meter now and returns the edge.
    Mark mark();

    /// One window per meter, in the order of meters(). Throws Error unless begin is before end.
    std::vector<WindowReading> windows(const Mark& begin, const Mark& end) const;
    /// The readings of meters()[meter] from begin to end, both included.
    std::vector<Reading> readings(const Mark& begin, const Mark& end, std::size_t meter) const;
    /// Processor time of the sampling thread between two edges; what sampling itself cost.
    static Seconds own_cpu_time(const Mark& begin, const Mark& end) {
        return end.sampler_cpu_time - begin.sampler_cpu_time;
    }
    /// Forgets all rounds; marks made before become invalid.
    void clear();

  private:
    std::size_t read_all();
    void run();

    std::vector<Meter*> meters_;
    Clock& clock_;
    Seconds period_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::vector<std::vector<Reading>> history_;  ///< history_[meter][round]
    Seconds own_cpu_time_;
    std::thread thread_;
};

}  // namespace espalier::meters
