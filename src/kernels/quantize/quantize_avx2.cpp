#include <immintrin.h>

#include "kernels/math_avx2.h"
#include "kernels/quantize/quantize_kernel.h"
#include "kernels/quantize/range_body.h"
#include "kernels/quantize/rows_body.h"

namespace espalier::kernels {
namespace {

template <bool divide>
void quantize(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    // ONNX adds the zero point after rounding, fbgemm before.
    const int shift = divide ? to.zero_point : 0;
    const __m256 factor = _mm256_set1_ps(to.factor);
    const __m256 offset = _mm256_set1_ps(static_cast<float>(to.zero_point));
    const __m256 low = _mm256_set1_ps(static_cast<float>(to.low - shift));
    const __m256 high = _mm256_set1_ps(static_cast<float>(to.high - shift));
    const __m256i zero_point = _mm256_set1_epi32(shift);
    // Picks the low byte of every 32-bit code, so that signed and unsigned codes need no saturating pack.
    const __m256i low_bytes = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0,
                                               4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    std::int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 scaled = divide ? _mm256_div_ps(v, factor) : _mm256_fmadd_ps(v, factor, offset);
        const __m256 held = _mm256_min_ps(_mm256_max_ps(scaled, low), high);
        const __m256i codes =
            _mm256_shuffle_epi8(_mm256_add_epi32(_mm256_cvtps_epi32(held), zero_point), low_bytes);
        const __m128i joined =
            _mm_unpacklo_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(y + i), joined);
    }
    for (; i < n; ++i) y[i] = quantize_one(to, x[i]);
}

}  // namespace

Range find_range_avx2(const float* x, std::int64_t n) { return find_range_vectors<Avx2>(x, n); }

void run_quantize_avx2(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    if (to.divide) {
        quantize<true>(to, x, n, y);
    } else {
        quantize<false>(to, x, n, y);
    }
}

void run_quantize_rows_avx2(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y) {
    quantize_rows_vectors<Avx2>(x, rows, columns, y, quantize<false>);
}

}  // namespace espalier::kernels
