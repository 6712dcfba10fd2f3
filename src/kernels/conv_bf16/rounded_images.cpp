#include "kernels/conv_bf16/rounded_images.h"

#include <algorithm>
#include <cstring>

#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Bytes written per chunk of work.
constexpr std::int64_t kGrainBytes = 65536;

/// Rows or columns under `outputs` windows of `kernel` taps.
std::int64_t extent(std::int64_t outputs, std::int64_t stride, std::int64_t kernel, std::int64_t dilation) {
    return (outputs - 1) * stride + (kernel - 1) * dilation + 1;
}

/// Rows and columns that windows reach.
struct Reach {
    std::int64_t rows;
    std::int64_t columns;

    Reach(const Conv2dShape& s, std::int64_t h, std::int64_t w)
        : rows(extent(s.output_h(h), s.stride_h, s.kernel_h, s.dilation_h)),
          columns(extent(s.output_w(w), s.stride_w, s.kernel_w, s.dilation_w)) {}
};

}  // namespace

std::int64_t rounded_image_bytes(const Conv2dShape& s, std::int64_t h, std::int64_t w,
                                 const TileBF16Kernel& kernel) {
    const Reach reach(s, h, w);
    return reach.rows * reach.columns * s.c_in * kernel.element_bytes;
}

RoundedImages round_images(const Conv2dShape& s, std::int64_t n, std::int64_t h, std::int64_t w,
                           const float* x, const TileBF16Kernel& kernel, ThreadPool& pool) {
    const Reach reach(s, h, w);
    const std::int64_t pixel_bytes = s.c_in * kernel.element_bytes, row_bytes = reach.columns * pixel_bytes;
    const std::int64_t left = std::min(s.pad_left, reach.columns);
    const std::int64_t middle = std::min(w, reach.columns - left), right = reach.columns - left - middle;
    auto* data = static_cast<std::byte*>(
        scratch(Scratch::kShared, static_cast<std::size_t>(n * reach.rows * row_bytes)));
    pool.parallel_for(n * reach.rows, std::max<std::int64_t>(1, kGrainBytes / row_bytes),
                      [&](std::int64_t begin, std::int64_t end, int) {
                          for (std::int64_t row = begin; row < end; ++row) {
                              const std::int64_t image = row / reach.rows, y = row % reach.rows - s.pad_top;
                              std::byte* to = data + row * row_bytes;
                              if (y < 0 || y >= h) {
                                  std::memset(to, 0, static_cast<std::size_t>(row_bytes));
                                  continue;
                              }
                              std::memset(to, 0, static_cast<std::size_t>(left * pixel_bytes));
                              to += left * pixel_bytes;
                              kernel.round(x + (image * h + y) * w * s.c_in, middle * s.c_in, to);
                              std::memset(to + middle * pixel_bytes, 0,
                                          static_cast<std::size_t>(right * pixel_bytes));
                          }
                      });
    return {data, s.output_h(h), s.output_w(w), reach.rows * row_bytes, row_bytes, pixel_bytes};
}

}  // namespace espalier::kernels
