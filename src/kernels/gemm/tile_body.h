#pragma once

#include <cstdint>
#include <utility>

#include "kernels/gemm/tile.h"
#include "kernels/vector_math.h"

/// The tile kernels, written once; tile_portable.cpp, tile_avx2.cpp and tile_avx512.cpp instantiate them with
/// their vectors. Loops over rows and vectors are unrolled so that every accumulator is a register.
namespace espalier::kernels {

/// Applies an activation that needs more registers than a tile leaves free, to a tile just stored.
template <class S>
__attribute__((noinline)) void activate_stored(float* c, std::int64_t ldc, int rows, std::int64_t columns,
                                               Activation activation, float lo, float hi) {
    with_activation(activation, [&]<Activation A>() {
        const auto low = S::set1(lo), high = S::set1(hi);
        for (int i = 0; i < rows; ++i) {
            float* row = c + i * ldc;
            std::int64_t j = 0;
            for (; j + S::kLanes <= columns; j += S::kLanes) {
                S::store(row + j, Math<S>::template activate<A>(S::load(row + j), low, high));
            }
            if (const int rest = static_cast<int>(columns - j); rest > 0) {
                S::store_first(row + j, rest,
                               Math<S>::template activate<A>(S::load_first(row + j, rest), low, high));
            }
        }
    });
}

template <class S, int Vectors, int Rows>
struct Tile {
    using V = typename S::V;
    static constexpr int kWidth = Vectors * S::kLanes;

    static void run(const TileTask& task) {
        // Whole vectors need no mask, and on AMD a masked AVX2 store costs as much as twenty plain ones.
        if (task.columns == kWidth) {
            run<true>(task);
        } else {
            run<false>(task);
        }
    }

  private:
    template <bool Whole>
    ESPALIER_INLINE static V load(const float* p, int vector, int tail) {
        if (Whole || vector + 1 < Vectors) return S::load(p + vector * S::kLanes);
        return S::load_first(p + vector * S::kLanes, tail);
    }

    template <bool Whole>
    ESPALIER_INLINE static void store(float* p, int vector, int tail, V x) {
        if (Whole || vector + 1 < Vectors) {
            S::store(p + vector * S::kLanes, x);
        } else {
            S::store_first(p + vector * S::kLanes, tail, x);
        }
    }

    template <bool Whole>
    ESPALIER_INLINE static void run(const TileTask& task) {
        const int tail = static_cast<int>(task.columns - (kWidth - S::kLanes));
        V acc[Vectors * Rows];
        start<Whole>(task, tail, acc);
        accumulate(task, acc);
        finish<Whole>(task, tail, acc);
    }

    template <bool Whole>
    ESPALIER_INLINE static void start(const TileTask& task, int tail, V (&acc)[Vectors * Rows]) {
        const float* from = task.first ? task.residual : task.c;
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
            const V bias = task.first && task.bias ? load<Whole>(task.bias, v, tail) : S::zero();
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) acc[v * Rows + i] = bias;
        }
        if (!from) return;
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) {
                acc[v * Rows + i] = S::add(acc[v * Rows + i], load<Whole>(from + i * task.ldc, v, tail));
            }
        }
    }

    ESPALIER_INLINE static void accumulate(const TileTask& task, V (&acc)[Vectors * Rows]) {
        const float* panel = task.panel;
        const float* const* rows = task.rows;
        for (std::int64_t t = 0; t < task.taps; ++t, rows += Rows) {
            const float* row[Rows];
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) row[i] = rows[i] + task.row_offset;
            for (std::int64_t p = 0; p < task.k; ++p, panel += kWidth) {
                V b[Vectors];
#pragma GCC unroll 4
                for (int v = 0; v < Vectors; ++v) b[v] = S::load(panel + v * S::kLanes);
#pragma GCC unroll 16
                for (int i = 0; i < Rows; ++i) {
                    const V a = S::set1(row[i][p]);
#pragma GCC unroll 4
                    for (int v = 0; v < Vectors; ++v) {
                        acc[v * Rows + i] = S::fma(a, b[v], acc[v * Rows + i]);
                    }
                }
            }
        }
    }

    template <bool Whole>
    ESPALIER_INLINE static void finish(const TileTask& task, int tail, V (&acc)[Vectors * Rows]) {
        const bool clamp =
            task.last && (task.activation == Activation::kRelu || task.activation == Activation::kClip);
        if (clamp) {
            const V lo = S::set1(task.activation == Activation::kRelu ? 0.0f : task.lo);
            const V hi = S::set1(task.activation == Activation::kRelu ? __builtin_inff() : task.hi);
#pragma GCC unroll 64
            for (int i = 0; i < Vectors * Rows; ++i) acc[i] = S::min(hi, S::max(lo, acc[i]));
        }
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) store<Whole>(task.c + i * task.ldc, v, tail, acc[v * Rows + i]);
        }
        if (task.last && !clamp && task.activation != Activation::kNone) {
            activate_stored<S>(task.c, task.ldc, Rows, task.columns, task.activation, task.lo, task.hi);
        }
    }
};

/// run[r - 1] for r up to Rows; the rest null.
template <class S, int Vectors, int Rows>
constexpr std::array<TileFunction, kMaxTileRows> tile_rows() {
    return []<std::size_t... R>(std::index_sequence<R...>) {
        return std::array<TileFunction, kMaxTileRows>{&Tile<S, Vectors, static_cast<int>(R) + 1>::run...};
    }
    (std::make_index_sequence<Rows>());
}

}  // namespace espalier::kernels
