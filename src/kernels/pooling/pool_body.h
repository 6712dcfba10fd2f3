#pragma once

#include "kernels/pooling/pool2d.h"
#include "kernels/pooling/pool_window.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Combines the pixels of one window, N vectors of channels at a time, from channel `c` on.
template <class S, int N, class Combine, class Finish>
ESPALIER_INLINE void pool_vectors(const Pool2d& p, const Window& at, const float* x, float* y, std::int64_t c,
                                  float start, Combine&& combine, Finish&& finish) {
    using V = typename S::V;
    V acc[N];
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) acc[i] = S::set1(start);
    for_each_pixel(p, at, [&](std::int64_t pixel) {
        const float* in = x + pixel + c;
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) acc[i] = combine(acc[i], S::load(in + i * S::kLanes));
    });
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i) S::store(y + at.output + c + i * S::kLanes, finish(acc[i]));
}

/// One window over all channels.
template <class S, class Combine, class Finish>
ESPALIER_INLINE void pool_window(const Pool2d& p, const Window& at, const float* x, float* y, float start,
                                 Combine&& combine, Finish&& finish) {
    std::int64_t c = 0;
    for (; c + 4 * S::kLanes <= p.channels; c += 4 * S::kLanes) {
        pool_vectors<S, 4>(p, at, x, y, c, start, combine, finish);
    }
    for (; c + S::kLanes <= p.channels; c += S::kLanes)
        pool_vectors<S, 1>(p, at, x, y, c, start, combine, finish);
    const int left = static_cast<int>(p.channels - c);
    if (left == 0) return;
    auto acc = S::set1(start);
    for_each_pixel(p, at,
                   [&](std::int64_t pixel) { acc = combine(acc, S::load_first(x + pixel + c, left)); });
    S::store_first(y + at.output + c, left, finish(acc));
}

/// max_pool2d() for the instruction set S.
template <class S>
void run_max_pool(const Pool2d& p, const float* x, float* y, std::int64_t first, std::int64_t rows) {
    using V = typename S::V;
    for_each_window(p, first, rows, [&](const Window& at) {
        pool_window<S>(
            p, at, x, y, -__builtin_inff(), [](V acc, V v) { return S::max(v, acc); },
            [](V acc) { return acc; });
    });
}

/// Codes of as many channels as a vector of `Bytes` holds, from channel `c` on.
template <int Bytes>
ESPALIER_INLINE void pool_codes(const Pool2d& p, const Window& at, const std::uint8_t* x, std::uint8_t* y,
                                std::int64_t c) {
    typedef std::uint8_t V __attribute__((vector_size(Bytes)));
    V most{};
    for_each_pixel(p, at, [&](std::int64_t pixel) {
        V codes;
        __builtin_memcpy(&codes, x + pixel + c, Bytes);
        most = codes > most ? codes : most;
    });
    __builtin_memcpy(y + at.output + c, &most, Bytes);
}

/// max_pool2d_u8() for vectors of S.
template <class S>
void run_max_pool_codes(const Pool2d& p, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                        std::int64_t rows) {
    constexpr int kBytes = S::kLanes * static_cast<int>(sizeof(float));
    for_each_window(p, first, rows, [&](const Window& at) {
        std::int64_t c = 0;
        for (; c + kBytes <= p.channels; c += kBytes) pool_codes<kBytes>(p, at, x, y, c);
        for (; c + 16 <= p.channels; c += 16) pool_codes<16>(p, at, x, y, c);
        for (; c < p.channels; ++c) {
            std::uint8_t most = 0;
            for_each_pixel(p, at, [&](std::int64_t pixel) {
                if (x[pixel + c] > most) most = x[pixel + c];
            });
            y[at.output + c] = most;
        }
    });
}

/// average_pool2d() for the instruction set S.
template <class S>
void run_average_pool(const Pool2d& p, const float* x, float* y, std::int64_t first, std::int64_t rows) {
    using V = typename S::V;
    for_each_window(p, first, rows, [&](const Window& at) {
        const V divisor = S::set1(static_cast<float>(at.divisor));
        pool_window<S>(
            p, at, x, y, 0, [](V acc, V v) { return S::add(acc, v); },
            [&](V acc) { return S::div(acc, divisor); });
    });
}

}  // namespace espalier::kernels
