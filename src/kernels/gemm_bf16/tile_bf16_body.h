#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "kernels/activate_stored.h"
#include "kernels/gemm_bf16/tile_bf16.h"
#include "kernels/vector_math.h"

/// The tile kernels, written once over the vectors S of one instruction set and an Arithmetic, which says how
/// a pair of depths is multiplied:
///
///   Element                                     what a row is made of
///   pair<V, R>(row, p, panel, acc)              acc[v * R + i] += row[i][p] * b[0][v] + row[i][p + 1] *
///   b[1][v] single<V, R>(row, p, panel, acc)            the same for the last of an odd number of depths
///
/// Loops over rows and vectors are unrolled so that every accumulator is a register.
namespace espalier::kernels {

/// Both sides widened to f32: rows are f32 already, and a pair of bf16 weights is one word of the panel,
/// whose halves become floats by a shift and by a mask. S offers shifted(words) and masked(words).
template <class S, class Words>
struct WidenedBF16 {
    using V = typename S::V;
    using Element = float;

    template <int Vectors, int Rows>
    ESPALIER_INLINE static void pair(const float* const (&row)[Rows], std::int64_t p,
                                     const std::uint16_t* panel, V (&acc)[Vectors * Rows]) {
        multiply<Vectors, Rows, false>(row, p, panel, acc);
        multiply<Vectors, Rows, true>(row, p + 1, panel, acc);
    }

    template <int Vectors, int Rows>
    ESPALIER_INLINE static void single(const float* const (&row)[Rows], std::int64_t p,
                                       const std::uint16_t* panel, V (&acc)[Vectors * Rows]) {
        multiply<Vectors, Rows, false>(row, p, panel, acc);
    }

  private:
    template <int Vectors, int Rows, bool High>
    ESPALIER_INLINE static void multiply(const float* const (&row)[Rows], std::int64_t p,
                                         const std::uint16_t* panel, V (&acc)[Vectors * Rows]) {
        V b[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            const std::uint16_t* words = panel + 2 * v * S::kLanes;
            b[v] = High ? Words::high(words) : Words::low(words);
        }
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
            const V a = S::set1(row[i][p]);
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) acc[v * Rows + i] = S::fma(a, b[v], acc[v * Rows + i]);
            // Loads of later rows must not move up: they would cost accumulators their registers.
            asm volatile("" ::: "memory");
        }
    }
};

/// Rows x (Vectors * S::kLanes) outputs, from `column` of the tile on.
template <class S, class Arithmetic, int Vectors, int Rows>
struct BF16Tile {
    using V = typename S::V;
    using Element = typename Arithmetic::Element;
    static constexpr int kWidth = Vectors * S::kLanes;

    /// `pair_stride`: bf16 numbers from one pair of depths of the panel to the next.
    static void run(const TileBF16& t, int column, std::int64_t pair_stride) {
        if (!S::kMasksAreFree && t.columns - column >= kWidth) {
            run<true>(t, column, pair_stride);
        } else {
            run<false>(t, column, pair_stride);
        }
    }

  private:
    /// How many of the lanes of a vector exist; may be none.
    ESPALIER_INLINE static int lanes(const TileBF16& t, int column, int vector) {
        const int left = t.columns - column - vector * S::kLanes;
        return left < 0 ? 0 : left < S::kLanes ? left : S::kLanes;
    }

    template <bool Whole>
    ESPALIER_INLINE static void run(const TileBF16& t, int column, std::int64_t pair_stride) {
        V acc[Vectors * Rows];
        start<Whole>(t, column, acc);
        accumulate(t, t.panel + 2 * column, pair_stride, acc);
        finish<Whole>(t, column, acc);
    }

    template <bool Whole>
    ESPALIER_INLINE static V load(const float* p, int count) {
        return Whole ? S::load(p) : S::load_first(p, count);
    }

    template <bool Whole>
    ESPALIER_INLINE static void start(const TileBF16& t, int column, V (&acc)[Vectors * Rows]) {
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            const int count = lanes(t, column, v);
            const V bias = t.bias ? load<Whole>(t.bias + column + v * S::kLanes, count) : S::zero();
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) acc[v * Rows + i] = bias;
        }
        if (!t.residual) return;
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            const int count = lanes(t, column, v);
            const float* residual = t.residual + column + v * S::kLanes;
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) {
                acc[v * Rows + i] = S::add(acc[v * Rows + i], load<Whole>(residual + i * t.ldc, count));
            }
        }
    }

    ESPALIER_INLINE static void accumulate(const TileBF16& t, const std::uint16_t* panel,
                                           std::int64_t pair_stride, V (&acc)[Vectors * Rows]) {
        const std::int64_t whole = t.k / 2 * 2;
        const void* const* rows = t.rows;
        for (std::int64_t tap = 0; tap < t.taps; ++tap, rows += Rows) {
            const Element* row[Rows];
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) row[i] = static_cast<const Element*>(rows[i]);
            for (std::int64_t p = 0; p < whole; p += 2, panel += pair_stride) {
                Arithmetic::template pair<Vectors, Rows>(row, p, panel, acc);
            }
            if (whole < t.k) {
                Arithmetic::template single<Vectors, Rows>(row, whole, panel, acc);
                panel += pair_stride;
            }
        }
    }

    template <bool Whole>
    ESPALIER_INLINE static void finish(const TileBF16& t, int column, V (&acc)[Vectors * Rows]) {
        const Clamp<S> clamp(t.activation, t.lo, t.hi);
        if (clamp.needed) {
#pragma GCC unroll 32
            for (int i = 0; i < Vectors * Rows; ++i) acc[i] = clamp(acc[i]);
        }
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            const int count = lanes(t, column, v);
            float* to = t.c + column + v * S::kLanes;
#pragma GCC unroll 16
            for (int i = 0; i < Rows; ++i) {
                if (Whole) {
                    S::store(to + i * t.ldc, acc[v * Rows + i]);
                } else {
                    S::store_first(to + i * t.ldc, count, acc[v * Rows + i]);
                }
            }
        }
        if (clamp.stored) {
            const int left = t.columns - column;
            activate_stored<S>(t.c + column, t.ldc, Rows, left < kWidth ? left : kWidth, t.activation, t.lo,
                               t.hi);
        }
    }
};

using BF16TileFunction = void (*)(const TileBF16&, int column, std::int64_t pair_stride);

/// The functions for 1 to Rows rows.
template <class S, class Arithmetic, int Vectors, int Rows>
constexpr std::array<BF16TileFunction, Rows> bf16_tiles() {
    return []<std::size_t... R>(std::index_sequence<R...>) {
        return std::array<BF16TileFunction, Rows>{
            &BF16Tile<S, Arithmetic, Vectors, static_cast<int>(R) + 1>::run...};
    }
    (std::make_index_sequence<Rows>());
}

}  // namespace espalier::kernels
