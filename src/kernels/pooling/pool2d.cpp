#include "kernels/pooling/pool2d.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/dispatch.h"
#include "kernels/pooling/pool_window.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 16384;

void run_max_portable(const Pool2d& w, const float* x, float* y, std::int64_t first, std::int64_t rows) {
    for_each_window(w, first, rows, [&](const Window& at) {
        float* out = y + at.output;
        for (std::int64_t c = 0; c < w.channels; ++c) out[c] = -std::numeric_limits<float>::infinity();
        for_each_pixel(w, at, [&](std::int64_t pixel) {
            const float* in = x + pixel;
            for (std::int64_t c = 0; c < w.channels; ++c) {
                if (in[c] > out[c]) out[c] = in[c];
            }
        });
    });
}

void run_max_u8_portable(const Pool2d& w, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                         std::int64_t rows) {
    for_each_window(w, first, rows, [&](const Window& at) {
        std::uint8_t* out = y + at.output;
        for (std::int64_t c = 0; c < w.channels; ++c) out[c] = 0;
        for_each_pixel(w, at, [&](std::int64_t pixel) {
            const std::uint8_t* in = x + pixel;
            for (std::int64_t c = 0; c < w.channels; ++c) out[c] = std::max(out[c], in[c]);
        });
    });
}

void run_average_portable(const Pool2d& w, const float* x, float* y, std::int64_t first, std::int64_t rows) {
    for_each_window(w, first, rows, [&](const Window& at) {
        float* out = y + at.output;
        for (std::int64_t c = 0; c < w.channels; ++c) out[c] = 0;
        for_each_pixel(w, at, [&](std::int64_t pixel) {
            const float* in = x + pixel;
            for (std::int64_t c = 0; c < w.channels; ++c) out[c] += in[c];
        });
        const auto divisor = static_cast<float>(at.divisor);
        for (std::int64_t c = 0; c < w.channels; ++c) out[c] /= divisor;
    });
}

constexpr PoolKernel kTable[] = {
    {"pool2d/portable", Isa::kPortable, run_max_portable, run_average_portable, run_max_u8_portable},
#if defined(__x86_64__)
    {"pool2d/avx2", Isa::kAvx2, run_max_pool_avx2, run_average_pool_avx2, run_max_pool_u8_avx2},
    {"pool2d/avx512", Isa::kAvx512, run_max_pool_avx512, run_average_pool_avx512, run_max_pool_u8_avx512},
#endif
};

std::int64_t output_extent(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                           std::int64_t before, std::int64_t after, bool ceil_mode) {
    const std::int64_t room = in + before + after - (dilation * (kernel - 1) + 1);
    if (room < 0) return 0;
    std::int64_t out = room / stride + 1;
    if (ceil_mode && room % stride != 0 && out * stride < in + before) ++out;
    return out;
}

void check_axis(const char* axis, std::int64_t in, std::int64_t kernel, std::int64_t stride,
                std::int64_t dilation, std::int64_t before, std::int64_t after) {
    constexpr std::int64_t kLimit = std::int64_t{1} << 30;
    for (const std::int64_t value : {in, kernel, stride, dilation}) {
        if (value < 1 || value > kLimit) {
            fail("pooling {}: extent {}, kernel {}, stride {}, dilation {} must be 1 to 2^30", axis, in,
                 kernel, stride, dilation);
        }
    }
    if (before < 0 || after < 0 || before >= dilation * (kernel - 1) + 1 ||
        after >= dilation * (kernel - 1) + 1) {
        fail("pooling {}: pads {} and {} must be at least 0 and smaller than the dilated kernel ({})", axis,
             before, after, dilation * (kernel - 1) + 1);
    }
}

/// Calls run(first, rows) for parts of the output rows.
template <typename Run>
void for_each_part(const Pool2d& w, ThreadPool& pool, Run&& run) {
    const std::int64_t row = w.output_width * w.channels * w.kernel_height * w.kernel_width;
    pool.parallel_for(w.batch * w.output_height, std::max<std::int64_t>(1, kGrain / row),
                      [&](std::int64_t begin, std::int64_t end, int) { run(begin, end - begin); });
}

}  // namespace

Pool2d make_pool2d(Pool2d w) {
    if (w.batch < 0 || w.channels < 1)
        fail("pooling: batch {} and channels {} are not a tensor", w.batch, w.channels);
    check_axis("rows", w.height, w.kernel_height, w.stride_height, w.dilation_height, w.pad_top,
               w.pad_bottom);
    check_axis("columns", w.width, w.kernel_width, w.stride_width, w.dilation_width, w.pad_left, w.pad_right);
    w.output_height = output_extent(w.height, w.kernel_height, w.stride_height, w.dilation_height, w.pad_top,
                                    w.pad_bottom, w.ceil_mode);
    w.output_width = output_extent(w.width, w.kernel_width, w.stride_width, w.dilation_width, w.pad_left,
                                   w.pad_right, w.ceil_mode);
    if (w.output_height < 1 || w.output_width < 1) {
        fail("pooling: a {}x{} window does not fit into {}x{} pixels with its padding", w.kernel_height,
             w.kernel_width, w.height, w.width);
    }
    return w;
}

std::span<const PoolKernel> pool_kernels() { return kTable; }

void max_pool2d(const Pool2d& window, const float* x, float* y, ThreadPool& pool, Isa limit) {
    for_each_part(window, pool,
                  [&, max = select(pool_kernels(), limit).max](std::int64_t first, std::int64_t rows) {
                      max(window, x, y, first, rows);
                  });
}

void max_pool2d_u8(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, ThreadPool& pool,
                   Isa limit) {
    for_each_part(window, pool,
                  [&, max = select(pool_kernels(), limit).max_u8](std::int64_t first, std::int64_t rows) {
                      max(window, x, y, first, rows);
                  });
}

void average_pool2d(const Pool2d& window, const float* x, float* y, ThreadPool& pool, Isa limit) {
    for_each_part(window, pool,
                  [&, average = select(pool_kernels(), limit).average](
                      std::int64_t first, std::int64_t rows) { average(window, x, y, first, rows); });
}

}  // namespace espalier::kernels
