#include <immintrin.h>

#include "kernels/gemm_i8/tile_i8_512.h"

namespace espalier::kernels {
namespace {

/// Four bytes of a row as the lanes of a vector.
ESPALIER_INLINE __m512i broadcast4(const std::uint8_t* p) {
    std::int32_t word;
    __builtin_memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
}

/// The last `n` < 4 bytes of a row, the others 0.
ESPALIER_INLINE __m512i broadcast_rest(const std::uint8_t* p, std::int64_t n) {
    std::uint32_t word = 0;
    for (std::int64_t i = 0; i < n; ++i) word |= std::uint32_t{p[i]} << (8 * i);
    return _mm512_set1_epi32(static_cast<std::int32_t>(word));
}

// The accumulators are two plain arrays: GCC 12 spills a two-dimensional one to the stack.
template <int R, int V>
void run_tile(const TileI8& t) {
    __m512i first[R], second[R];
#pragma GCC unroll 14
    for (int i = 0; i < R; ++i) first[i] = second[i] = _mm512_setzero_si512();
    const std::int8_t* panel = t.panel;
    const std::byte* ahead = t.ahead.begin;
    const std::int64_t whole = t.k / 4 * 4, rest = t.k - whole;
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        const std::uint8_t* rows[R];
#pragma GCC unroll 14
        for (int i = 0; i < R; ++i) rows[i] = t.rows[tap * R + i];
        for (std::int64_t p = 0; p < whole;) {
            for (std::int64_t line = 0; line < t.ahead.lines; ++line, ahead += 64) {
                _mm_prefetch(ahead, _MM_HINT_T1);
            }
            const std::int64_t end = p + kAmxRowBytes < whole ? p + kAmxRowBytes : whole;
            for (; p < end; p += 4, panel += 64 * V) {
                const __m512i b0 = _mm512_load_si512(panel);
                const __m512i b1 = V > 1 ? _mm512_load_si512(panel + 64) : b0;
#pragma GCC unroll 14
                for (int i = 0; i < R; ++i) {
                    const __m512i a = broadcast4(rows[i] + p);
                    first[i] = _mm512_dpbusd_epi32(first[i], a, b0);
                    if (V > 1) second[i] = _mm512_dpbusd_epi32(second[i], a, b1);
                }
            }
        }
        if (rest != 0) {
            const __m512i b0 = _mm512_load_si512(panel);
            const __m512i b1 = V > 1 ? _mm512_load_si512(panel + 64) : b0;
            panel += 64 * V;
#pragma GCC unroll 14
            for (int i = 0; i < R; ++i) {
                const __m512i a = broadcast_rest(rows[i] + whole, rest);
                first[i] = _mm512_dpbusd_epi32(first[i], a, b0);
                if (V > 1) second[i] = _mm512_dpbusd_epi32(second[i], a, b1);
            }
        }
    }
    alignas(64) std::int32_t sums[R * V * kI8Lanes];
#pragma GCC unroll 14
    for (int i = 0; i < R; ++i) {
        _mm512_store_si512(sums + i * V * kI8Lanes, first[i]);
        if (V > 1) _mm512_store_si512(sums + (i * V + 1) * kI8Lanes, second[i]);
    }
    finish(t, R, V, sums);
}

template <int V>
void run_rows(const TileI8& t, int rows) {
    switch (rows) {
        case 1:
            return run_tile<1, V>(t);
        case 2:
            return run_tile<2, V>(t);
        case 3:
            return run_tile<3, V>(t);
        case 4:
            return run_tile<4, V>(t);
        case 5:
            return run_tile<5, V>(t);
        case 6:
            return run_tile<6, V>(t);
        case 7:
            return run_tile<7, V>(t);
        case 8:
            return run_tile<8, V>(t);
        case 9:
            return run_tile<9, V>(t);
        case 10:
            return run_tile<10, V>(t);
        case 11:
            return run_tile<11, V>(t);
        case 12:
            return run_tile<12, V>(t);
        case 13:
            return run_tile<13, V>(t);
        default:
            return run_tile<14, V>(t);
    }
}

}  // namespace

void run_tile_i8_avx512vnni(const TileI8& tile, int rows, int vectors) {
    if (vectors == 1) {
        run_rows<1>(tile, rows);
    } else {
        run_rows<2>(tile, rows);
    }
}

}  // namespace espalier::kernels
