#pragma once

#include <cstdint>
#include <utility>

#include "kernels/activate_stored.h"
#include "kernels/gemm/tile.h"
#include "kernels/vector_math.h"

/// The tile kernels, written once; tile_portable.cpp, tile_avx2.cpp and tile_avx512.cpp instantiate them with
/// their vectors. Loops over rows and vectors are unrolled so that every accumulator is a register.
namespace espalier::kernels {

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
        const float* ahead = task.ahead;
        const float* const* rows = task.rows;
        for (std::int64_t t = 0; t < task.taps; ++t, rows += Rows) {
            const float* row[Rows];
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) row[i] = rows[i] + task.row_offset;
            for (std::int64_t p = 0; p < task.k;) {
                for (std::int64_t i = 0; i < task.ahead_lines; ++i, ahead += kCacheLineFloats) {
                    __builtin_prefetch(ahead, 0, 2);
                }
                const std::int64_t end = p + kAheadDepths < task.k ? p + kAheadDepths : task.k;
                for (; p < end; ++p, panel += kWidth) {
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
    }

    template <bool Whole>
    ESPALIER_INLINE static void finish(const TileTask& task, int tail, V (&acc)[Vectors * Rows]) {
        const Clamp<S> clamp(task.activation, task.lo, task.hi);
        if (task.last && clamp.needed) {
#pragma GCC unroll 64
            for (int i = 0; i < Vectors * Rows; ++i) acc[i] = clamp(acc[i]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) store<Whole>(task.c + i * task.ldc, v, tail, acc[v * Rows + i]);
        }
        if (task.last && clamp.stored) {
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
