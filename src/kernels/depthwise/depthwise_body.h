#pragma once

#include <utility>

#include "kernels/activate_stored.h"
#include "kernels/depthwise/depthwise_table.h"

/// The depthwise kernels, written once; depthwise_portable.cpp, _avx2.cpp and _avx512.cpp instantiate them.
namespace espalier::kernels {

template <class S, int Kernel, int Stride, int Lines, int Pixels, bool Grouped>
struct DepthwiseTile {
    using V = typename S::V;
    static constexpr int kInputLines = (Lines - 1) * Stride + Kernel;
    static constexpr int kInputColumns = (Pixels - 1) * Stride + Kernel;
    /// A kernel of few taps stays in registers for the whole rectangle; of a larger one only the rows in use
    /// do.
    static constexpr bool kHoldWeights =
        !Grouped && Kernel == 3 && Kernel * Kernel + Lines * Pixels + 1 <= S::kRegisters;
    static_assert(kHoldWeights || Lines <= 2);

    static void run(const DepthwiseTask& task) {
        const Clamp<S> clamp(task.activation, task.lo, task.hi);
        bool inside = task.first_column >= 0 && task.first_column + kInputColumns <= task.width;
        for (int r = 0; r < kInputLines; ++r) inside = inside && task.x[r];
        if (inside) {
            all_channels<true>(task, clamp);
        } else {
            all_channels<false>(task, clamp);
        }
        if (clamp.stored) {
            for (int o = 0; o < Lines; ++o) {
                activate_stored<S>(task.y + o * task.line, task.channels, Pixels, task.channels,
                                   task.activation, task.lo, task.hi);
            }
        }
    }

  private:
    template <bool Whole>
    ESPALIER_INLINE static V load(const float* p, int count) {
        return Whole ? S::load(p) : S::load_first(p, count);
    }

    template <bool Inside>
    ESPALIER_INLINE static void all_channels(const DepthwiseTask& task, const Clamp<S>& clamp) {
        std::int64_t c = 0;
        // Picking lanes reads memory itself where no mask stands in between.
        if constexpr (S::kMasksAreFree && !Grouped) {
            for (; c < task.channels; c += S::kLanes) {
                const std::int64_t left = task.channels - c;
                channels<false, Inside>(task, clamp, c,
                                        static_cast<int>(left < S::kLanes ? left : S::kLanes));
            }
        } else {
            for (; c + S::kLanes <= task.channels; c += S::kLanes) {
                channels<true, Inside>(task, clamp, c, S::kLanes);
            }
            if (c < task.channels)
                channels<false, false>(task, clamp, c, static_cast<int>(task.channels - c));
        }
    }

    /// One vector of channels from c on.
    template <bool Whole, bool Inside>
    ESPALIER_INLINE static void channels(const DepthwiseTask& task, const Clamp<S>& clamp, std::int64_t c,
                                         int count) {
        V acc[Lines * Pixels];
        const V bias = task.bias ? load<Whole>(task.bias + c, count) : S::zero();
#pragma GCC unroll 32
        for (int i = 0; i < Lines * Pixels; ++i) acc[i] = bias;
        if constexpr (kHoldWeights) {
            V weights[Kernel * Kernel];
            load_weights<Whole, Kernel>(task, c, count, 0, weights);
            add_lines<Whole, Inside>(task, c, count, weights, acc,
                                     std::make_integer_sequence<int, kInputLines>());
        } else {
            // Line 0 alone, both lines, line 1 alone.
            for (int r = 0; r < (Lines == 2 ? Stride : Kernel); ++r)
                add_loaded<Whole, Inside, 0, 0>(task, r, c, count, acc);
            for (int r = Stride; Lines == 2 && r < Kernel; ++r) {
                add_loaded<Whole, Inside, 0, Lines - 1>(task, r, c, count, acc);
            }
            for (int r = Kernel; r < kInputLines; ++r) {
                add_loaded<Whole, Inside, Lines - 1, Lines - 1>(task, r, c, count, acc);
            }
        }
        store_all<Whole>(task, clamp, c, count, acc);
    }

    /// Kernel rows from `first` on; input j of a group counts as a kernel of its own.
    template <bool Whole, int Rows>
    ESPALIER_INLINE static void load_weights(const DepthwiseTask& task, std::int64_t c, int count,
                                             std::int64_t first, V* weights) {
        const float* from = task.weights + first * Kernel * task.channels + c;
#pragma GCC unroll 32
        for (int t = 0; t < Rows * Kernel; ++t) weights[t] = load<Whole>(from + t * task.channels, count);
    }

    /// Input line r into output lines First to Last, for every input of the group.
    template <bool Whole, bool Inside, int First, int Last>
    ESPALIER_INLINE static void add_loaded(const DepthwiseTask& task, int r, std::int64_t c, int count,
                                           V (&acc)[Lines * Pixels]) {
        V weights[(Last - First + 1) * Kernel];
        for (std::int64_t j = 0; j < (Grouped ? task.group : 1); ++j) {
#pragma GCC unroll 2
            for (int o = First; o <= Last; ++o) {
                load_weights<Whole, 1>(task, c, count, j * Kernel + r - o * Stride,
                                       weights + (o - First) * Kernel);
            }
            add_line<Whole, Inside, First, Last>(task, task.x[r], c, count, weights, acc,
                                                 Grouped ? task.picks + j * S::kLanes : nullptr);
        }
    }

    /// Every input line, each with the kernel rows that reach it.
    template <bool Whole, bool Inside, int... R>
    ESPALIER_INLINE static void add_lines(const DepthwiseTask& task, std::int64_t c, int count,
                                          const V (&weights)[Kernel * Kernel], V (&acc)[Lines * Pixels],
                                          std::integer_sequence<int, R...>) {
        (add_held<Whole, Inside, R>(task, c, count, weights, acc), ...);
    }
    template <bool Whole, bool Inside, int R>
    ESPALIER_INLINE static void add_held(const DepthwiseTask& task, std::int64_t c, int count,
                                         const V (&weights)[Kernel * Kernel], V (&acc)[Lines * Pixels]) {
        // Output line o reads input lines o * Stride to o * Stride + Kernel - 1.
        constexpr int kFirst = R < Kernel ? 0 : (R - Kernel) / Stride + 1;
        constexpr int kLast = R / Stride < Lines - 1 ? R / Stride : Lines - 1;
        V rows[(kLast - kFirst + 1) * Kernel];
#pragma GCC unroll 4
        for (int o = kFirst; o <= kLast; ++o) {
#pragma GCC unroll 8
            for (int s = 0; s < Kernel; ++s) {
                rows[(o - kFirst) * Kernel + s] = weights[(R - o * Stride) * Kernel + s];
            }
        }
        add_line<Whole, Inside, kFirst, kLast>(task, task.x[R], c, count, rows, acc, nullptr);
    }

    /// One input line into output lines First to Last, the kernel row of each in `weights`. Each input pixel
    /// is loaded once and added to every output it touches.
    template <bool Whole, bool Inside, int First, int Last>
    ESPALIER_INLINE static void add_line(const DepthwiseTask& task, const float* x, std::int64_t c, int count,
                                         const V* weights, V (&acc)[Lines * Pixels],
                                         [[maybe_unused]] const std::int32_t* picks) {
        if (!Inside && !x) return;
#pragma GCC unroll 32
        for (int column = 0; column < kInputColumns; ++column) {
            const std::int64_t at = task.first_column + column;
            const bool border = column < Kernel || column + Kernel >= kInputColumns;
            if (!Inside && border && (at < 0 || at >= task.width)) continue;
            V value = load<Whole>(x + c + at * task.channels, count);
            if constexpr (Grouped) value = S::pick(value, picks);
#pragma GCC unroll 4
            for (int o = First; o <= Last; ++o) {
#pragma GCC unroll 8
                for (int i = 0; i < Pixels; ++i) {
                    const int s = column - i * Stride;
                    if (s < 0 || s >= Kernel) continue;
                    acc[o * Pixels + i] =
                        S::fma(value, weights[(o - First) * Kernel + s], acc[o * Pixels + i]);
                }
            }
        }
    }

    template <bool Whole>
    ESPALIER_INLINE static void store_all(const DepthwiseTask& task, const Clamp<S>& clamp, std::int64_t c,
                                          int count, V (&acc)[Lines * Pixels]) {
#pragma GCC unroll 4
        for (int o = 0; o < Lines; ++o) {
#pragma GCC unroll 8
            for (int i = 0; i < Pixels; ++i) {
                const std::int64_t at = o * task.line + i * task.channels + c;
                V y = acc[o * Pixels + i];
                if (task.residual) y = S::add(y, load<Whole>(task.residual + at, count));
                if (clamp.needed) y = clamp(y);
                if (Whole) {
                    S::store(task.y + at, y);
                } else {
                    S::store_first(task.y + at, count, y);
                }
            }
        }
    }
};

/// One pixel from single taps, four vectors of channels at a time so that their sums do not wait for each
/// other.
template <class S>
struct DepthwisePixel {
    using V = typename S::V;

    static void run(const DepthwiseTaps& task) {
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
    ESPALIER_INLINE static void channels(const DepthwiseTaps& task, const Clamp<S>& clamp, std::int64_t c,
                                         int count) {
        const auto load = [&](const float* p, int v) ESPALIER_INLINE_LAMBDA {
            return Whole ? S::load(p + c + v * S::kLanes) : S::load_first(p + c, count);
        };
        V acc[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) acc[v] = task.bias ? load(task.bias, v) : S::zero();
        for (std::int64_t t = 0; t < task.taps; ++t) {
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

template <class S, int Kernel, int Stride, int Lines, int Pixels, bool Grouped = false>
constexpr DepthwiseTiles depthwise_tiles() {
    DepthwiseTiles tiles{Lines, Pixels, {}};
    const auto add_line = [&]<int Line, std::size_t... P>(std::index_sequence<P...>) {
        ((tiles.run[Line - 1][P] =
              &DepthwiseTile<S, Kernel, Stride, Line, static_cast<int>(P) + 1, Grouped>::run),
         ...);
    };
    [&]<std::size_t... L>(std::index_sequence<L...>) {
        (add_line.template operator()<static_cast<int>(L) + 1>(std::make_index_sequence<Pixels>()), ...);
    }
    (std::make_index_sequence<Lines>());
    return tiles;
}

}  // namespace espalier::kernels
