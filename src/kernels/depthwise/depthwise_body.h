#pragma once

#include <utility>

#include "kernels/activate_stored.h"
#include "kernels/depthwise/depthwise_table.h"

/// The depthwise kernels, written once; depthwise_portable.cpp, _avx2.cpp and _avx512.cpp instantiate them.
namespace espalier::kernels {

template <class S, int Kernel, int Stride, int Pixels>
struct DepthwiseRow {
    using V = typename S::V;

    static void run(const DepthwiseTask& task) {
        const Clamp<S> clamp(task.activation, task.lo, task.hi);
        std::int64_t c = 0;
        for (; c + S::kLanes <= task.channels; c += S::kLanes) channels<true>(task, clamp, c, S::kLanes);
        if (c < task.channels) channels<false>(task, clamp, c, static_cast<int>(task.channels - c));
        if (clamp.stored) {
            activate_stored<S>(task.y, task.channels, Pixels, task.channels, task.activation, task.lo,
                               task.hi);
        }
    }

  private:
    template <bool Whole>
    ESPALIER_INLINE static V load(const float* p, int count) {
        return Whole ? S::load(p) : S::load_first(p, count);
    }

    /// One vector of channels from c on. Each input pixel is loaded once and added to every output it
    /// touches.
    template <bool Whole>
    ESPALIER_INLINE static void channels(const DepthwiseTask& task, const Clamp<S>& clamp, std::int64_t c,
                                         int count) {
        V acc[Pixels];
        const V bias = task.bias ? load<Whole>(task.bias + c, count) : S::zero();
#pragma GCC unroll 8
        for (int i = 0; i < Pixels; ++i) acc[i] = bias;
        for (std::int64_t r = 0; r < task.inputs; ++r) {
            const float* x = task.x[r] + c;
            const float* w = task.weights[r] + c;
            V weight[Kernel];
#pragma GCC unroll 8
            for (int s = 0; s < Kernel; ++s) weight[s] = load<Whole>(w + s * task.channels, count);
#pragma GCC unroll 32
            for (int column = 0; column < (Pixels - 1) * Stride + Kernel; ++column) {
                const V value = load<Whole>(x + column * task.channels, count);
#pragma GCC unroll 8
                for (int i = 0; i < Pixels; ++i) {
                    const int s = column - i * Stride;
                    if (s >= 0 && s < Kernel) acc[i] = S::fma(value, weight[s], acc[i]);
                }
            }
        }
#pragma GCC unroll 8
        for (int i = 0; i < Pixels; ++i) {
            const std::int64_t at = i * task.channels + c;
            if (task.residual) acc[i] = S::add(acc[i], load<Whole>(task.residual + at, count));
            if (clamp.needed) acc[i] = clamp(acc[i]);
            if (Whole) {
                S::store(task.y + at, acc[i]);
            } else {
                S::store_first(task.y + at, count, acc[i]);
            }
        }
    }
};

/// One pixel from single taps, four vectors of channels at a time so that their sums do not wait for each
/// other.
template <class S>
struct DepthwisePixel {
    using V = typename S::V;

    static void run(const DepthwiseTask& task) {
        constexpr std::int64_t kWide = 4 * S::kLanes;
        const Clamp<S> clamp(task.activation, task.lo, task.hi);
        std::int64_t c = 0;
        for (; c + kWide <= task.channels; c += kWide) channels<4, true>(task, clamp, c, S::kLanes);
        for (; c + S::kLanes <= task.channels; c += S::kLanes) channels<1, true>(task, clamp, c, S::kLanes);
        if (c < task.channels) channels<1, false>(task, clamp, c, static_cast<int>(task.channels - c));
        if (clamp.stored) {
            activate_stored<S>(task.y, task.channels, 1, task.channels, task.activation, task.lo, task.hi);
        }
    }

  private:
    template <int Vectors, bool Whole>
    ESPALIER_INLINE static void channels(const DepthwiseTask& task, const Clamp<S>& clamp, std::int64_t c,
                                         int count) {
        const auto load = [&](const float* p, int v) ESPALIER_INLINE_LAMBDA {
            return Whole ? S::load(p + c + v * S::kLanes) : S::load_first(p + c, count);
        };
        V acc[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) acc[v] = task.bias ? load(task.bias, v) : S::zero();
        for (std::int64_t t = 0; t < task.inputs; ++t) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v)
                acc[v] = S::fma(load(task.x[t], v), load(task.weights[t], v), acc[v]);
        }
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
            if (task.residual) acc[v] = S::add(acc[v], load(task.residual, v));
            if (clamp.needed) acc[v] = clamp(acc[v]);
            if (Whole) {
                S::store(task.y + c + v * S::kLanes, acc[v]);
            } else {
                S::store_first(task.y + c, count, acc[v]);
            }
        }
    }
};

template <class S, int Kernel, int Stride, int Pixels>
constexpr std::array<DepthwiseFunction, kDepthwisePixels> depthwise_rows() {
    return []<std::size_t... P>(std::index_sequence<P...>) {
        return std::array<DepthwiseFunction, kDepthwisePixels>{
            &DepthwiseRow<S, Kernel, Stride, static_cast<int>(P) + 1>::run...};
    }
    (std::make_index_sequence<Pixels>());
}

/// The table of one instruction set, P3, P5 and P7 pixels at once for kernels 3, 5 and 7 wide.
template <class S, int P3, int P5, int P7>
constexpr DepthwiseTable depthwise_table_of(const char* name, Isa isa) {
    return {name,
            isa,
            {P3, P5, P7},
            {{{depthwise_rows<S, 3, 1, P3>(), depthwise_rows<S, 3, 2, P3>()},
              {depthwise_rows<S, 5, 1, P5>(), depthwise_rows<S, 5, 2, P5>()},
              {depthwise_rows<S, 7, 1, P7>(), depthwise_rows<S, 7, 2, P7>()}}},
            &DepthwisePixel<S>::run};
}

}  // namespace espalier::kernels
