#include <immintrin.h>

#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/gemm_i8/coded_ends_avx2.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {
namespace {

/// Eight channels of a column of one row, or of the padding.
ESPALIER_INLINE __m128i pixel8(const DepthwiseI8& d, std::int64_t r, std::int64_t column, std::int64_t c) {
    if (column < 0 || column >= d.width) return _mm_set1_epi8(static_cast<char>(d.zero_point));
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(d.rows[r] + column * d.channels + c));
}

/// Two taps of eight channels as pairs of 16-bit numbers; a missing second tap weighs 0.

ESPALIER_INLINE __m256i weights2(const std::int8_t* first, const std::int8_t* second) {
    const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first));
    const __m128i b =
        second ? _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)) : _mm_setzero_si128();
    return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
}

template <Activation A>
ESPALIER_INLINE void finish(const DepthwiseI8& d, std::int64_t c, std::int64_t offset, __m256i acc) {
    const __m256i sums = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(d.sums + c));
    acc = _mm256_sub_epi32(acc, _mm256_mullo_epi32(sums, _mm256_set1_epi32(d.zero_point)));
    const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(d.scale), _mm256_loadu_ps(d.scales + c));
    const __m256 bias = d.bias ? _mm256_loadu_ps(d.bias + c) : _mm256_setzero_ps();
    if (d.ends.result && !needs_activation_pass(A)) {
        const CodeUnitsAvx2 units{CodeUnits(d.ends, clip_bounds(A, d.lo, d.hi)), d.residual, d.ends.residual};
        store_codes(d.ends.result + offset, units.value(_mm256_cvtepi32_ps(acc), scale, bias, offset, 8), 8);
        return;
    }
    __m256 value = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc), scale, bias);
    if (d.residual) {
        value = _mm256_add_ps(value, _mm256_loadu_ps(d.residual + offset));
    } else if (d.ends.residual) {
        value = add_codes(d.ends.residual + offset, 8, d.ends.residual_map, value);
    }
    value = Math<Avx2>::activate<A>(value, _mm256_set1_ps(d.lo), _mm256_set1_ps(d.hi));
    if (d.ends.result) {
        quantize_codes(d.ends.result + offset, value, 8, d.ends.result_map);
    } else {
        _mm256_storeu_ps(d.y + offset, value);
    }
}

/// All pixels of eight channels from c on.
template <Activation A>
ESPALIER_INLINE void run_block(const DepthwiseI8& d, std::int64_t c) {
    for (std::int64_t q = 0; q < d.pixels; ++q) {
        __m256i acc = _mm256_setzero_si256();
        for (std::int64_t r = 0; r < d.kernel_h; ++r) {
            std::int64_t column = q * d.stride - d.left;
            const std::int8_t* w = d.weights + r * d.kernel_w * d.channels + c;
            for (std::int64_t s = 0; s < d.kernel_w; s += 2, column += 2 * d.dilation, w += 2 * d.channels) {
                const bool pair = s + 1 < d.kernel_w;
                const __m128i first = pixel8(d, r, column, c);
                const __m128i second = pair ? pixel8(d, r, column + d.dilation, c) : first;
                const __m256i x = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second));
                acc =
                    _mm256_add_epi32(acc, _mm256_madd_epi16(x, weights2(w, pair ? w + d.channels : nullptr)));
            }
        }
        finish<A>(d, c, q * d.channels + c, acc);
    }
}

}  // namespace

void run_depthwise_i8_avx2(const DepthwiseI8& work) {
    with_activation(work.activation, [&]<Activation A>() {
        for (std::int64_t c = 0; c + 8 <= work.channels; c += 8) run_block<A>(work, c);
    });
    run_depthwise_i8_channels(work, work.channels / 8 * 8);
}

}  // namespace espalier::kernels
