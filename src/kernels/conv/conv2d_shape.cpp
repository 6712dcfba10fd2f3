#include "kernels/conv/conv2d_shape.h"

#include "base/error.h"

namespace espalier::kernels {
namespace {

/// Keeps every product of two extents of a convolution far inside 64 bits.
constexpr std::int64_t kLargest = std::int64_t{1} << 24;

void check_range(const char* what, std::int64_t value, std::int64_t least) {
    if (value < least || value > kLargest) {
        fail("the {} of a convolution must be {} to {}, not {}", what, least, kLargest, value);
    }
}

std::int64_t output(const char* axis, std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                    std::int64_t padding, std::int64_t dilation) {
    const std::int64_t window = (kernel - 1) * dilation + 1;
    if (extent < 0 || extent + padding < window) {
        fail("a convolution window of {} pixels does not fit the {} of {} pixels with {} of padding", window,
             axis, extent, padding);
    }
    return (extent + padding - window) / stride + 1;
}

}  // namespace

void Conv2dShape::check() const {
    check_range("number of input channels", c_in, 1);
    check_range("number of output channels", c_out, 1);
    check_range("kernel height", kernel_h, 1);
    check_range("kernel width", kernel_w, 1);
    check_range("vertical stride", stride_h, 1);
    check_range("horizontal stride", stride_w, 1);
    check_range("top padding", pad_top, 0);
    check_range("left padding", pad_left, 0);
    check_range("bottom padding", pad_bottom, 0);
    check_range("right padding", pad_right, 0);
    check_range("vertical dilation", dilation_h, 1);
    check_range("horizontal dilation", dilation_w, 1);
    check_range("number of groups", groups, 1);
    if (c_in % groups != 0 || c_out % groups != 0) {
        fail("{} groups do not divide the {} input and {} output channels of a convolution", groups, c_in,
             c_out);
    }
}

std::int64_t Conv2dShape::output_h(std::int64_t h) const {
    return output("height", h, kernel_h, stride_h, pad_top + pad_bottom, dilation_h);
}

std::int64_t Conv2dShape::output_w(std::int64_t w) const {
    return output("width", w, kernel_w, stride_w, pad_left + pad_right, dilation_w);
}

}  // namespace espalier::kernels
