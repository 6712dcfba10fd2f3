#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/quantize/affine.h"

namespace espalier::passes {

/// How often a value of what size was seen. The bins reach as far as the largest value seen asks for, by
/// powers of two, so that the histogram of all values is the same in whatever order and portions they came.
class ValueHistogram {
  public:
    /// Bins on each side of 0. At least half of them lie within the largest magnitude.
    static constexpr std::size_t kBins = 2048;

    /// Counts finite values; others are left out.
    void add(std::span<const float> values);

    /// Finite values seen, zeros among them.
    std::int64_t count() const { return count_; }
    std::int64_t zeros() const { return zeros_; }
    /// Smallest and largest value seen, widened to include 0.
    kernels::Range range() const { return range_; }
    /// Width of a bin.
    double width() const { return reach_ / static_cast<double>(kBins); }

    /// above()[i]: values v with i * width() <= v < (i + 1) * width(), zeros not counted.
    std::span<const std::int64_t> above() const { return above_; }
    /// below()[i]: values v with i * width() <= -v < (i + 1) * width(), zeros not counted.
    std::span<const std::int64_t> below() const { return below_; }

  private:
    void reach_for(float magnitude);

    std::int64_t count_ = 0;
    std::int64_t zeros_ = 0;
    kernels::Range range_;
    double reach_ = 0;  ///< a power of two above all magnitudes; 0 while nothing but 0 was seen
    std::vector<std::int64_t> above_ = std::vector<std::int64_t>(kBins, 0);
    std::vector<std::int64_t> below_ = std::vector<std::int64_t>(kBins, 0);
};

}  // namespace espalier::passes
