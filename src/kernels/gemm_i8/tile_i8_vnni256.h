#pragma once

#include "kernels/gemm_i8/tile_i8_256.h"

/// The int8 tile for processors that multiply four bytes at once in 256-bit vectors, written once: Dot is
/// that instruction, or, for tests where the processor has none, what it does.
namespace espalier::kernels {
namespace {

/// Four bytes of a row as the lanes of a vector.
ESPALIER_INLINE __m256i broadcast_bytes(const std::uint8_t* p) {
    std::int32_t word;
    __builtin_memcpy(&word, p, sizeof(word));
    return _mm256_set1_epi32(word);
}

/// Adds four depths of R rows by two vectors of columns.
template <class Dot, int R>
ESPALIER_INLINE void add_depths(const std::uint8_t* const (&rows)[R], std::int64_t p,
                                const std::int8_t* panel, __m256i (&low)[R], __m256i (&high)[R]) {
    const __m256i left = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel));
    const __m256i right = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel + 32));
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        const __m256i a = broadcast_bytes(rows[i] + p);
        low[i] = Dot::add(low[i], a, left);
        high[i] = Dot::add(high[i], a, right);
        // Loads of later rows must not move up: they would cost accumulators their registers.
        asm volatile("" : "+x"(low[i]), "+x"(high[i]) : : "memory");
    }
}

/// The sums of R rows and two vectors of columns of a panel, as run_columns() takes them. Not inlined: among
/// other code GCC 12 spills the accumulators.
template <class Dot, int R>
__attribute__((noinline)) void accumulate_bytes(const TileI8& t, const std::int8_t* panel, std::int64_t step,
                                                std::int32_t* sums) {
    __m256i low[R], high[R];
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) low[i] = high[i] = _mm256_setzero_si256();
    const std::int64_t taps = t.taps, whole = t.k / 4 * 4, rest = t.k - whole;
    const std::uint8_t* const* from = t.rows;
    for (std::int64_t tap = 0; tap < taps; ++tap, from += R) {
        const std::uint8_t* rows[R];
#pragma GCC unroll 6
        for (int i = 0; i < R; ++i) rows[i] = from[i];
        for (std::int64_t p = 0; p < whole; p += 4, panel += step) {
            add_depths<Dot, R>(rows, p, panel, low, high);
        }
        if (rest != 0) {
            std::uint8_t last[4 * R] = {};
#pragma GCC unroll 6
            for (int i = 0; i < R; ++i) {
                __builtin_memcpy(last + 4 * i, rows[i] + whole, static_cast<std::size_t>(rest));
                rows[i] = last + 4 * i;
            }
            add_depths<Dot, R>(rows, 0, panel, low, high);
            panel += step;
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + i * kColumns), low[i]);
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + (R + i) * kColumns), high[i]);
    }
}

template <class Dot>
void run_tile_i8_bytes(const TileI8& tile, int rows, int vectors) {
    with_rows(rows, [&]<int R>() {
        run_columns<R, kI8Lanes>(tile, [&](int column, std::int32_t* sums) {
            accumulate_bytes<Dot, R>(tile, tile.panel + 4 * column, 4 * kI8Lanes * vectors, sums);
        });
    });
}

}  // namespace
}  // namespace espalier::kernels
