#include "kernels/gemm_i8/tile_i8_256.h"

namespace espalier::kernels {
namespace {

/// Steps after which a part of a panel is asked for before it is read: only half of each cache line is, which
/// hardware foresees late.
constexpr std::int64_t kAhead = 12;

/// The rows of a tile as 16-bit numbers: vpmaddwd on them is exact where vpmaddubsw on bytes saturates.
struct WideRows {
    const std::int16_t* data;
    std::int64_t stride;
    std::int64_t depth;  ///< of all taps, each padded with zeros to a multiple of 4

    WideRows(const void* prepared, std::int64_t taps, std::int64_t k)
        : data(static_cast<const std::int16_t*>(prepared)),
          // An odd number of cache lines: rows a multiple of 4 KiB apart would share one set of the cache.
          stride(((taps * padded(k) + 31) / 32 | 1) * 32),
          depth(taps * padded(k)) {}

    static std::int64_t padded(std::int64_t k) { return (k + 3) / 4 * 4; }
};

ESPALIER_INLINE void widen_row(const std::uint8_t* from, std::int64_t k, std::int16_t* to) {
    std::int64_t p = 0;
    for (; p + 16 <= k; p += 16) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + p));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p), _mm256_cvtepu8_epi16(codes));
    }
    if (p + 8 <= k) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + p));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + p), _mm_cvtepu8_epi16(codes));
        p += 8;
    }
    if (p + 4 <= k) {
        std::int32_t codes;
        __builtin_memcpy(&codes, from + p, 4);
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to + p), _mm_cvtepu8_epi16(_mm_cvtsi32_si128(codes)));
        p += 4;
    }
    for (; p < k; ++p) to[p] = from[p];
    for (; p % 4 != 0; ++p) to[p] = 0;
}

std::size_t wide_bytes(std::int64_t taps, std::int64_t k, int rows) {
    return static_cast<std::size_t>(rows * WideRows(nullptr, taps, k).stride) * sizeof(std::int16_t);
}

void widen_rows(const TileI8& t, int rows, void* to) {
    const WideRows wide(to, t.taps, t.k);
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        for (int i = 0; i < rows; ++i) {
            widen_row(t.rows[tap * rows + i], t.k,
                      static_cast<std::int16_t*>(to) + i * wide.stride + tap * WideRows::padded(t.k));
        }
    }
}

/// Four columns by four depths of a panel as 16-bit numbers.
ESPALIER_INLINE __m256i weights4(const std::int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(p)));
}

/// Four depths of a row, four times.
ESPALIER_INLINE __m256i broadcast4(const std::int16_t* p) {
    std::int64_t depths;
    __builtin_memcpy(&depths, p, sizeof(depths));
    return _mm256_set1_epi64x(depths);
}

/// sums[i][j] of R rows and kColumns columns of a panel, whose depths are `step` bytes apart by fours. Not
/// inlined: among other code GCC 12 spills the accumulators.
template <int R>
__attribute__((noinline)) void accumulate(WideRows rows, const std::int8_t* panel, std::int64_t step,
                                          std::int32_t* sums) {
    // Of four columns each, with two partial sums.
    __m256i low[R], high[R];
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) low[i] = high[i] = _mm256_setzero_si256();
    for (std::int64_t p = 0; p < rows.depth; p += 4, panel += step) {
        _mm_prefetch(panel + kAhead * step, _MM_HINT_T0);
        const __m256i left = weights4(panel), right = weights4(panel + 16);
#pragma GCC unroll 6
        for (int i = 0; i < R; ++i) {
            const __m256i a = broadcast4(rows.data + i * rows.stride + p);
            low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(a, left));
            high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(a, right));
            // Loads of later rows must not move up: they would cost accumulators their registers.
            asm volatile("" : "+x"(low[i]), "+x"(high[i]) : : "memory");
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < R; ++i) {
        const __m256i joined = _mm256_permute4x64_epi64(_mm256_hadd_epi32(low[i], high[i]), 0xd8);
        _mm256_store_si256(reinterpret_cast<__m256i*>(sums + i * kColumns), joined);
    }
}

}  // namespace

const TileI8Rows kTileI8RowsAvx2{wide_bytes, widen_rows};

void run_tile_i8_avx2(const TileI8& tile, int rows, int vectors) {
    const WideRows wide(tile.prepared, tile.taps, tile.k);
    with_rows(rows, [&]<int R>() {
        run_columns<R, kColumns>(tile, [&](int column, std::int32_t* sums) {
            accumulate<R>(wide, tile.panel + 4 * column, 4 * kI8Lanes * vectors, sums);
        });
    });
}

}  // namespace espalier::kernels
