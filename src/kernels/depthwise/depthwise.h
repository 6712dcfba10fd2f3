#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"

namespace espalier::kernels {

/// True for 3x3 convolutions whose groups are as wide in as out and fit several times into one vector.
bool has_grouped_tiles(const Conv2dShape& shape, Isa isa);

/// Such a convolution, which can also be asked for some lines of its output.
class DepthwiseKernel : public Conv2dKernel {
  public:
    virtual const Conv2dShape& shape() const = 0;

    /// How many lines run_strip() computes at most; 0 where it is of no use.
    virtual std::int64_t strip_lines() const = 0;

    /// `lines` >= 1 neighbouring lines of the output for one image of w columns, by the calling thread. x
    /// points to the (lines - 1) * stride_h + kernel_h lines of the image under them, null for those outside
    /// of it; y (and residual) are dense and begin with the first of the lines. Gives no row codes.
    virtual void run_strip(const float* const* x, std::int64_t w, std::int64_t lines, float* y,
                           const Epilogue& epilogue) const = 0;
};

/// A convolution of every channel by itself, shape.is_depthwise(), or within narrow groups,
/// has_grouped_tiles(): vectors of channels, several neighbouring output pixels in registers at once. Named
/// depthwise_3x3, _5x5 or _7x7 for those kernels with stride 1 or 2 and no dilation, depthwise otherwise, and
/// grouped_3x3.
std::shared_ptr<const DepthwiseKernel> make_depthwise(const Conv2dShape& shape, const float* weights,
                                                      Isa isa);

}  // namespace espalier::kernels
