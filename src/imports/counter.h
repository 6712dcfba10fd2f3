#pragma once

#include <optional>
#include <string>

namespace espalier::imports {

/// Energy told by successive readings of a counter that only rises. A 32-bit counter of a usual RAPL unit
/// (2^-16 to 2^-13 J) that wrapped is followed; any other fall ends in a gap, for a part is never shown as
/// the whole.
class Counter {
  public:
    enum class Width { k32Bits, k64Bits };
    enum class Step { kRose, kWrapped, kFell };

    explicit Counter(Width width) : width_(width) {}

    /// A reading in J at a time in s.
    Step read(double time_s, double joules);

    /// From the first reading to the last; nothing for fewer than two, or where the counter fell.
    std::optional<double> joules() const;
    /// Why there is nothing; empty where there is something.
    std::string problem() const;
    int wraps() const { return wraps_; }

  private:
    std::optional<double> range_after(double seconds, double joules) const;

    Width width_;
    int readings_ = 0;
    int wraps_ = 0;
    double time_s_ = 0.0;
    double last_ = 0.0;
    double total_ = 0.0;
    std::string fell_;
};

}  // namespace espalier::imports
