#include "kernels/math_avx512.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Square16 {
    using V = Avx512::V;

    ESPALIER_INLINE static V low_pairs(V a, V b) {
        return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    }
    ESPALIER_INLINE static V high_pairs(V a, V b) {
        return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    }

    /// Transposes 4 x 4 elements within 128-bit lanes, then the 4 x 4 lanes.
    ESPALIER_INLINE static void transpose(V (&v)[16]) {
        V t[16];
#pragma GCC unroll 4
        for (int r = 0; r < 16; r += 4) {
            const V low0 = _mm512_unpacklo_ps(v[r], v[r + 1]), high0 = _mm512_unpackhi_ps(v[r], v[r + 1]);
            const V low1 = _mm512_unpacklo_ps(v[r + 2], v[r + 3]),
                    high1 = _mm512_unpackhi_ps(v[r + 2], v[r + 3]);
            t[r] = low_pairs(low0, low1);
            t[r + 1] = high_pairs(low0, low1);
            t[r + 2] = low_pairs(high0, high1);
            t[r + 3] = high_pairs(high0, high1);
        }
#pragma GCC unroll 4
        for (int r = 0; r < 4; ++r) {
            const V even0 = _mm512_shuffle_f32x4(t[r], t[r + 4], 0x88);
            const V odd0 = _mm512_shuffle_f32x4(t[r], t[r + 4], 0xdd);
            const V even1 = _mm512_shuffle_f32x4(t[r + 8], t[r + 12], 0x88);
            const V odd1 = _mm512_shuffle_f32x4(t[r + 8], t[r + 12], 0xdd);
            v[r] = _mm512_shuffle_f32x4(even0, even1, 0x88);
            v[r + 4] = _mm512_shuffle_f32x4(odd0, odd1, 0x88);
            v[r + 8] = _mm512_shuffle_f32x4(even0, even1, 0xdd);
            v[r + 12] = _mm512_shuffle_f32x4(odd0, odd1, 0xdd);
        }
    }
};

template <int R>
constexpr SpmmWidth kWidth = {R* Avx512::kLanes, run_spmm_tile<Avx512, R>};

}  // namespace

const SpmmKernel kSpmmAvx512 = {"spmm_f32/avx512",
                                Isa::kAvx512,
                                {kWidth<13>, kWidth<7>, kWidth<4>, kWidth<1>},
                                run_spmm_pack<Avx512, Square16>,
                                run_spmm_finish<Avx512, Square16>};

}  // namespace espalier::kernels
