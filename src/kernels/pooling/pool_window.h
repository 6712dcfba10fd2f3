#pragma once

#include <cstdint>

#include "kernels/pooling/pool2d.h"

// Included by files that are compiled for different instruction sets, hence internal linkage and no library
// code.
namespace espalier::kernels {
namespace {

/// One output pixel: taps [h_first, h_last) x [w_first, w_last) of its window lie inside the image.
struct Window {
    std::int64_t image;  ///< offset of the image's first element
    std::int64_t top;    ///< input row of tap 0, may be negative
    std::int64_t left;   ///< input column of tap 0, may be negative
    std::int64_t h_first, h_last, w_first, w_last;
    std::int64_t divisor;  ///< of an average
    std::int64_t output;   ///< offset of the output pixel's first channel
};

/// First tap t >= 0 with start + t step >= 0.
[[maybe_unused]] std::int64_t first_tap(std::int64_t start, std::int64_t step) {
    return start >= 0 ? 0 : (-start + step - 1) / step;
}

/// One past the last tap t < taps with start + t step < extent.
[[maybe_unused]] std::int64_t last_tap(std::int64_t start, std::int64_t step, std::int64_t taps,
                                       std::int64_t extent) {
    if (extent <= start) return 0;
    const std::int64_t last = (extent - start + step - 1) / step;
    return last < taps ? last : taps;
}

/// Calls visit(Window) for every output pixel of `rows` output rows from row `first`.
template <typename Visit>
void for_each_window(const Pool2d& p, std::int64_t first, std::int64_t rows, Visit&& visit) {
    for (std::int64_t row = first; row < first + rows; ++row) {
        Window w{};
        w.image = row / p.output_height * p.height * p.width * p.channels;
        w.top = row % p.output_height * p.stride_height - p.pad_top;
        w.h_first = first_tap(w.top, p.dilation_height);
        w.h_last = last_tap(w.top, p.dilation_height, p.kernel_height, p.height);
        const std::int64_t padded_h =
            last_tap(w.top, p.dilation_height, p.kernel_height, p.height + p.pad_bottom);
        for (std::int64_t column = 0; column < p.output_width; ++column) {
            w.left = column * p.stride_width - p.pad_left;
            w.w_first = first_tap(w.left, p.dilation_width);
            w.w_last = last_tap(w.left, p.dilation_width, p.kernel_width, p.width);
            const std::int64_t padded_w =
                last_tap(w.left, p.dilation_width, p.kernel_width, p.width + p.pad_right);
            w.divisor =
                p.count_include_pad ? padded_h * padded_w : (w.h_last - w.h_first) * (w.w_last - w.w_first);
            if (w.divisor < 1) w.divisor = 1;  // a dilated window may miss a small image: its average is 0
            w.output = (row * p.output_width + column) * p.channels;
            visit(w);
        }
    }
}

/// Calls visit(offset of the pixel's first channel) for every pixel of the window inside the image.
template <typename Visit>
void for_each_pixel(const Pool2d& p, const Window& w, Visit&& visit) {
    for (std::int64_t h = w.h_first; h < w.h_last; ++h) {
        for (std::int64_t k = w.w_first; k < w.w_last; ++k) {
            visit(w.image +
                  ((w.top + h * p.dilation_height) * p.width + w.left + k * p.dilation_width) * p.channels);
        }
    }
}

}  // namespace
}  // namespace espalier::kernels
