#include "kernels/math_avx2.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own {
    struct Floats : Avx2 {};
    using Word = std::int32_t;
    using Sum = __m256i;
    static constexpr int kLanes = 8;

    /// Even and odd bytes of the word as 16-bit numbers: vpmaddwd is exact where vpmaddubsw saturates.
    struct Numbers {
        __m256i even;
        __m256i odd;
    };

    ESPALIER_INLINE static Numbers weight(const Word* p) {
        const __m256i bytes = _mm256_set1_epi32(*p);
        return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
    }
    ESPALIER_INLINE static Numbers input(const Word* p) {
        const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
        return {_mm256_and_si256(bytes, _mm256_set1_epi16(0xff)), _mm256_srli_epi16(bytes, 8)};
    }
    ESPALIER_INLINE static Sum step(const Numbers& w, const Numbers& x, Sum acc) {
        acc = _mm256_add_epi32(acc, _mm256_madd_epi16(x.even, w.even));
        return _mm256_add_epi32(acc, _mm256_madd_epi16(x.odd, w.odd));
    }
    ESPALIER_INLINE static Sum no_sum() { return _mm256_setzero_si256(); }
    ESPALIER_INLINE static Sum load_sum(const Word* p) {
        return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
    }
    ESPALIER_INLINE static void store_sum(Word* p, Sum x) {
        _mm256_store_si256(reinterpret_cast<__m256i*>(p), x);
    }
    ESPALIER_INLINE static __m256 centred(const Word* sums, const Word* zero_points, Word weight_sum) {
        const __m256i points = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(zero_points));
        const __m256i shift = _mm256_mullo_epi32(points, _mm256_set1_epi32(weight_sum));
        return _mm256_cvtepi32_ps(_mm256_sub_epi32(load_sum(sums), shift));
    }
    ESPALIER_INLINE static __m256 exact_fma(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
};

constexpr auto kRuns = spmm_runs<Own, 4>();

}  // namespace

const SpmmI8Kernel kSpmmI8Avx2 = {
    "spmm_i8/avx2", Isa::kAvx2, Own::kLanes, kRuns, run_spmm_pack<Own::Floats>, run_spmm_i8_finish<Own>};

}  // namespace espalier::kernels
