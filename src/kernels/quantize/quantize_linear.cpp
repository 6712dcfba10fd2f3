#include "kernels/quantize/quantize_linear.h"

#include <algorithm>
#include <limits>

#include "kernels/dispatch.h"
#include "kernels/quantize/quantize_kernel.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of work.
constexpr std::int64_t kGrain = 16384;

/// Calls body(begin, end, scale, zero_point) over runs of elements that share a channel, in parallel.
template <typename Body>
void for_each_run(const QuantizedLayout& t, ThreadPool& pool, Body&& body) {
    const auto zero_point = [&](std::int64_t c) { return t.zero_points ? t.zero_points[c] : 0; };
    if (t.channels == 1) {
        pool.parallel_for(t.outer * t.inner, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
            body(begin, end, t.scales[0], zero_point(0));
        });
        return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, t.inner));
    pool.parallel_for(t.outer * t.channels, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t run = begin; run < end; ++run) {
            const std::int64_t c = run % t.channels;
            body(run * t.inner, (run + 1) * t.inner, t.scales[c], zero_point(c));
        }
    });
}

template <typename T>
void quantize(const QuantizedLayout& t, const float* x, T* y, ThreadPool& pool, Isa limit) {
    const QuantizeKernel& kernel = select(quantize_kernels(), limit);
    auto* codes = reinterpret_cast<std::uint8_t*>(y);
    for_each_run(t, pool, [&](std::int64_t begin, std::int64_t end, float scale, std::int32_t zero_point) {
        const Quantization to{scale, true, zero_point, std::numeric_limits<T>::min(),
                              std::numeric_limits<T>::max()};
        kernel.quantize(to, x + begin, end - begin, codes + begin);
    });
}

template <typename T>
void dequantize(const QuantizedLayout& t, const T* x, float* y, ThreadPool& pool) {
    for_each_run(t, pool, [&](std::int64_t begin, std::int64_t end, float scale, std::int32_t zero_point) {
        for (std::int64_t i = begin; i < end; ++i) {
            // 8-bit codes fit 32 bits; a 32-bit code minus a zero point may not.
            if constexpr (sizeof(T) == 1) {
                y[i] = static_cast<float>(x[i] - zero_point) * scale;
            } else {
                y[i] = static_cast<float>(std::int64_t{x[i]} - zero_point) * scale;
            }
        }
    });
}

}  // namespace

void quantize_linear(const QuantizedLayout& layout, const float* x, std::uint8_t* y, ThreadPool& pool,
                     Isa limit) {
    quantize(layout, x, y, pool, limit);
}
void quantize_linear(const QuantizedLayout& layout, const float* x, std::int8_t* y, ThreadPool& pool,
                     Isa limit) {
    quantize(layout, x, y, pool, limit);
}
void dequantize_linear(const QuantizedLayout& layout, const std::uint8_t* x, float* y, ThreadPool& pool) {
    dequantize(layout, x, y, pool);
}
void dequantize_linear(const QuantizedLayout& layout, const std::int8_t* x, float* y, ThreadPool& pool) {
    dequantize(layout, x, y, pool);
}
void dequantize_linear(const QuantizedLayout& layout, const std::int32_t* x, float* y, ThreadPool& pool) {
    dequantize(layout, x, y, pool);
}

}  // namespace espalier::kernels
