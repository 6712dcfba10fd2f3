#pragma once

#include <cstdint>

namespace espalier::kernels {

/// A two-dimensional convolution apart from the extents of its input. Made of untrusted numbers: check()
/// first.
struct Conv2dShape {
    std::int64_t c_in = 1;
    std::int64_t c_out = 1;
    std::int64_t kernel_h = 1;
    std::int64_t kernel_w = 1;
    std::int64_t stride_h = 1;
    std::int64_t stride_w = 1;
    std::int64_t pad_top = 0;
    std::int64_t pad_left = 0;
    std::int64_t pad_bottom = 0;
    std::int64_t pad_right = 0;
    std::int64_t dilation_h = 1;
    std::int64_t dilation_w = 1;
    std::int64_t groups = 1;

    /// Throws Error unless every extent is within limits and groups divides both channel counts.
    void check() const;

    /// Output extents for an input of h x w pixels. Throws Error where the window does not fit.
    std::int64_t output_h(std::int64_t h) const;
    std::int64_t output_w(std::int64_t w) const;

    std::int64_t group_in() const { return c_in / groups; }    ///< input channels of one group
    std::int64_t group_out() const { return c_out / groups; }  ///< output channels of one group
    std::int64_t taps() const { return kernel_h * kernel_w; }
    std::int64_t weights() const { return c_out * group_in() * taps(); }

    /// One channel in and one out per group.
    bool is_depthwise() const { return groups > 1 && groups == c_in && groups == c_out; }
    /// A matrix product over pixels.
    bool is_pointwise() const {
        return taps() == 1 && groups == 1 && pad_top == 0 && pad_left == 0 && pad_bottom == 0 &&
               pad_right == 0;
    }
};

}  // namespace espalier::kernels
