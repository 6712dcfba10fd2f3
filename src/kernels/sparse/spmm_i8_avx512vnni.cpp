#include "kernels/math_avx512.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Own {
    struct Floats : Avx512 {};
    using Word = std::int32_t;
    using Sum = __m512i;
    static constexpr int kLanes = 16;

    ESPALIER_INLINE static Sum weight(const Word* p) { return _mm512_set1_epi32(*p); }
    ESPALIER_INLINE static Sum input(const Word* p) { return _mm512_load_si512(p); }
    ESPALIER_INLINE static Sum step(Sum w, Sum x, Sum acc) { return _mm512_dpbusd_epi32(acc, x, w); }
    ESPALIER_INLINE static Sum no_sum() { return _mm512_setzero_si512(); }
    ESPALIER_INLINE static Sum load_sum(const Word* p) { return _mm512_load_si512(p); }
    ESPALIER_INLINE static void store_sum(Word* p, Sum x) { _mm512_store_si512(p, x); }
    ESPALIER_INLINE static __m512 centred(const Word* sums, const Word* zero_points, Word weight_sum) {
        const Sum shift = _mm512_mullo_epi32(_mm512_loadu_si512(zero_points), _mm512_set1_epi32(weight_sum));
        return _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(sums), shift));
    }
    ESPALIER_INLINE static __m512 exact_fma(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
};

constexpr auto kRuns = spmm_runs<Own, 8>();

}  // namespace

const SpmmI8Kernel kSpmmI8Avx512Vnni = {
    "spmm_i8/avx512vnni",       Isa::kAvx512Vnni,       Own::kLanes, kRuns,
    run_spmm_pack<Own::Floats>, run_spmm_i8_finish<Own>};

}  // namespace espalier::kernels
