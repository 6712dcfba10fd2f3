#include <immintrin.h>

#include "kernels/math_avx512.h"
#include "kernels/quantize/quantize_kernel.h"
#include "kernels/quantize/range_body.h"
#include "kernels/quantize/rows_body.h"

namespace espalier::kernels {
namespace {

/// quantize<false>() to 0..255 for the first elements, 64 at a time; returns how many. Packing saturates at
/// both ends, so that only what lies beyond 2^31 has to be cut off first; NaN becomes the least integer,
/// which gives 0.
std::int64_t quantize_to_bytes(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    const __m512 factor = _mm512_set1_ps(to.factor);
    const __m512 offset = _mm512_set1_ps(static_cast<float>(to.zero_point));
    const __m512 high = _mm512_set1_ps(255);
    // Packing works within quarters of a vector.
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const auto code = [&](const float* from) {
        const __m512 scaled = _mm512_fmadd_ps(_mm512_loadu_ps(from), factor, offset);
        return _mm512_cvtps_epi32(_mm512_min_ps(high, scaled));
    };
    std::int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const __m512i first = _mm512_packs_epi32(code(x + i), code(x + i + 16));
        const __m512i second = _mm512_packs_epi32(code(x + i + 32), code(x + i + 48));
        _mm512_storeu_si512(y + i, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second)));
    }
    return i;
}

template <bool divide>
void quantize(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    // ONNX adds the zero point after rounding, fbgemm before.
    const int shift = divide ? to.zero_point : 0;
    const __m512 factor = _mm512_set1_ps(to.factor);
    const __m512 offset = _mm512_set1_ps(static_cast<float>(to.zero_point));
    const __m512 low = _mm512_set1_ps(static_cast<float>(to.low - shift));
    const __m512 high = _mm512_set1_ps(static_cast<float>(to.high - shift));
    const __m512i zero_point = _mm512_set1_epi32(shift);
    const auto code = [&](__m512 v) {
        const __m512 scaled = divide ? _mm512_div_ps(v, factor) : _mm512_fmadd_ps(v, factor, offset);
        const __m512 held = _mm512_min_ps(_mm512_max_ps(scaled, low), high);
        return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(held), zero_point));
    };
    std::int64_t i = 0;
    if (!divide && to.low == 0 && to.high == 255) i = quantize_to_bytes(to, x, n, y);
    for (; i + 16 <= n; i += 16) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), code(_mm512_loadu_ps(x + i)));
    }
    if (i < n) {
        const auto mask = static_cast<__mmask16>((1u << (n - i)) - 1u);
        _mm_mask_storeu_epi8(y + i, mask, code(_mm512_maskz_loadu_ps(mask, x + i)));
    }
}

}  // namespace

Range find_range_avx512(const float* x, std::int64_t n) { return find_range_vectors<Avx512>(x, n); }

void run_quantize_avx512(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    if (to.divide) {
        quantize<true>(to, x, n, y);
    } else {
        quantize<false>(to, x, n, y);
    }
}

void run_quantize_rows_avx512(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y) {
    quantize_rows_vectors<Avx512>(x, rows, columns, y, quantize<false>);
}

}  // namespace espalier::kernels
