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

/// Which edge of a window a mark is. Meters that cost much to read are read first at its beginning and last
/// at its end, so that the others do not count their cost.
enum class Edge { kBegin, kEnd };

/// An edge of a window: every meter was read here.
struct Mark {
    std::size_t index = 0;     ///< of the round of readings
    Seconds time;              ///< when the round began
    Seconds sampler_cpu_time;  ///< processor time the sampler's own thread had used until then
};

/// Reads meters periodically in a thread of its own and at the edges of windows on demand.
/// Periodic rounds keep wraps countable, draw the power curve and integrate power meters; the energy of a
/// counter is the difference of its edges. At most 100 rounds a second, of which a costly meter takes part in
/// few.
///
///     Sampler sampler(meters, clock);
///     sampler.start();
///     const Mark begin = sampler.mark(Edge::kBegin);
///     ...work...
///     const Mark end = sampler.mark(Edge::kEnd);
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
    Mark mark(Edge edge = Edge::kEnd);

    /// Lets instruments with ranges fix them, see Meter::fix_ranges(). No meter is read meanwhile.
    void fix_ranges();

    /// One window per meter, in the order of meters(). A costly counter, which is seldom read, learns the
    /// largest power from a power meter of the same part. Throws Error unless begin is before end.
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
    /// A reading, and the round in which it was taken.
    struct Taken {
        std::size_t round = 0;
        Reading reading;
    };

    std::size_t read_all(Edge edge);
    void read_due();
    void take(std::size_t meter);
    Watts peak_beside(std::size_t meter, const Mark& begin, const Mark& end) const;
    void run();

    std::vector<Meter*> meters_;
    Clock& clock_;
    Seconds period_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::vector<std::size_t> by_cost_;         ///< indices of meters, those that cost little first
    std::vector<std::vector<Taken>> history_;  ///< of each meter; not every one is read in every round
    std::size_t round_ = 0;
    Seconds own_cpu_time_;
    std::thread thread_;
};

}  // namespace espalier::meters
