#include <immintrin.h>

#include "kernels/gemm_i8/coded_ends_avx2.h"
#include "kernels/gemm_i8/tile_activation.h"
#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {
namespace {

/// Four bytes of a row as 16-bit numbers, four times: vpmaddwd on 16 bits is exact where vpmaddubsw
/// saturates.
ESPALIER_INLINE __m256i broadcast4(const std::uint8_t* p) {
    std::int32_t word;
    __builtin_memcpy(&word, p, 4);
    return _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(word)));
}

/// The last `n` < 4 bytes of a row, the others 0.
ESPALIER_INLINE __m256i broadcast_rest(const std::uint8_t* p, std::int64_t n) {
    std::uint32_t word = 0;
    for (std::int64_t i = 0; i < n; ++i) word |= std::uint32_t{p[i]} << (8 * i);
    return _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(static_cast<std::int32_t>(word))));
}

/// Four columns by four depths of a panel as 16-bit numbers.
ESPALIER_INLINE __m256i weights4(const std::int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(p)));
}

/// Eight columns from two vectors of four columns with two partial sums each.
ESPALIER_INLINE __m256i join(__m256i low, __m256i high) {
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
}

/// Stores eight columns of row i from column `column` of the tile on.
ESPALIER_INLINE void finish(const TileI8& t, const TileTarget& target, int i, int column, __m256i acc,
                            __m256 lo, __m256 hi) {
    const int count = t.columns - column;
    if (count <= 0) return;
    const auto* sums = reinterpret_cast<const __m256i*>(t.sums + column);
    acc = _mm256_sub_epi32(
        acc, _mm256_mullo_epi32(_mm256_set1_epi32(t.affine[i].zero_point), _mm256_loadu_si256(sums)));
    const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(t.affine[i].scale), _mm256_loadu_ps(t.scales + column));
    const std::int64_t offset = i * t.ldc + column;
    const __m256 bias = !t.bias      ? _mm256_setzero_ps()
                        : count >= 8 ? Avx2::load(t.bias + column)
                                     : Avx2::load_first(t.bias + column, count);
    const int lanes = count < 8 ? count : 8;
    if (t.ends.result && !target.buffered) {
        const CodeUnitsAvx2 units{CodeUnits(t.ends, {lo[0], hi[0]}), t.residual, t.ends.residual};
        store_codes(t.ends.result + offset, units.value(_mm256_cvtepi32_ps(acc), scale, bias, offset, lanes),
                    lanes);
        return;
    }
    __m256 value = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), scale, bias);
    if (t.residual) {
        value = _mm256_add_ps(value, count >= 8 ? Avx2::load(t.residual + offset)
                                                : Avx2::load_first(t.residual + offset, count));
    } else if (t.ends.residual) {
        value = add_codes(t.ends.residual + offset, lanes, t.ends.residual_map, value);
    }
    value = _mm256_min_ps(hi, _mm256_max_ps(lo, value));
    if (target.buffered) {
        Avx2::store(target.data + i * target.stride + column, value);
    } else if (count >= 8) {
        Avx2::store(t.c + offset, value);
    } else {
        Avx2::store_first(t.c + offset, count, value);
    }
}

template <int R>
ESPALIER_INLINE void step(const __m256i (&a)[R], const std::int8_t* panel, __m256i (&s0)[R], __m256i (&s1)[R],
                          __m256i (&s2)[R], __m256i (&s3)[R]) {
    const __m256i b0 = weights4(panel), b1 = weights4(panel + 16);
#pragma GCC unroll 3
    for (int i = 0; i < R; ++i) {
        s0[i] = _mm256_add_epi32(s0[i], _mm256_madd_epi16(a[i], b0));
        s1[i] = _mm256_add_epi32(s1[i], _mm256_madd_epi16(a[i], b1));
    }
    const __m256i b2 = weights4(panel + 32), b3 = weights4(panel + 48);
#pragma GCC unroll 3
    for (int i = 0; i < R; ++i) {
        s2[i] = _mm256_add_epi32(s2[i], _mm256_madd_epi16(a[i], b2));
        s3[i] = _mm256_add_epi32(s3[i], _mm256_madd_epi16(a[i], b3));
    }
}

/// Sixteen columns from column 16 * vector on.
template <int R>
void run_vector(const TileI8& t, const TileTarget& target, int vector, int vectors) {
    __m256i s0[R], s1[R], s2[R], s3[R];
#pragma GCC unroll 3
    for (int i = 0; i < R; ++i) s0[i] = s1[i] = s2[i] = s3[i] = _mm256_setzero_si256();
    const std::int64_t stride = 64 * vectors, whole = t.k / 4 * 4, rest = t.k - whole;
    const std::int8_t* panel = t.panel + 64 * vector;
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        const std::uint8_t* const* rows = t.rows + tap * R;
        __m256i a[R];
        for (std::int64_t p = 0; p < whole; p += 4, panel += stride) {
#pragma GCC unroll 3
            for (int i = 0; i < R; ++i) a[i] = broadcast4(rows[i] + p);
            step<R>(a, panel, s0, s1, s2, s3);
        }
        if (rest != 0) {
#pragma GCC unroll 3
            for (int i = 0; i < R; ++i) a[i] = broadcast_rest(rows[i] + whole, rest);
            step<R>(a, panel, s0, s1, s2, s3);
            panel += stride;
        }
    }
    const ClipBounds clip = clip_bounds(t.activation, t.lo, t.hi);
    const __m256 lo = _mm256_set1_ps(clip.lo), hi = _mm256_set1_ps(clip.hi);
#pragma GCC unroll 3
    for (int i = 0; i < R; ++i) {
        finish(t, target, i, vector * kI8Lanes, join(s0[i], s1[i]), lo, hi);
        finish(t, target, i, vector * kI8Lanes + 8, join(s2[i], s3[i]), lo, hi);
    }
}

template <int R>
void run_tile(const TileI8& t, int vectors) {
    alignas(64) float buffer[R * 2 * kI8Lanes];
    const TileTarget target = needs_activation_pass(t.activation) ? TileTarget{buffer, 2 * kI8Lanes, true}
                                                                  : TileTarget{nullptr, 0, false};
    for (int vector = 0; vector < vectors; ++vector) run_vector<R>(t, target, vector, vectors);
    if (target.buffered) {
        activate_rows<Avx2>(t, target, R, [&](std::uint8_t* to, __m256 value, int count) {
            quantize_codes(to, value, count, t.ends.result_map);
        });
    }
}

}  // namespace

void run_tile_i8_avx2(const TileI8& tile, int rows, int vectors) {
    switch (rows) {
        case 1:
            return run_tile<1>(tile, vectors);
        case 2:
            return run_tile<2>(tile, vectors);
        default:
            return run_tile<3>(tile, vectors);
    }
}

}  // namespace espalier::kernels
