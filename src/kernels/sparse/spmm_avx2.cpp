#include "kernels/math_avx2.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Square8 {
    using V = Avx2::V;

    ESPALIER_INLINE static void transpose(V (&v)[8]) {
        V pairs[8];
        for (int r = 0; r < 8; r += 2) {
            pairs[r] = _mm256_unpacklo_ps(v[r], v[r + 1]);
            pairs[r + 1] = _mm256_unpackhi_ps(v[r], v[r + 1]);
        }
        V quads[8];
        for (int half = 0; half < 8; half += 4) {
            quads[half] = _mm256_shuffle_ps(pairs[half], pairs[half + 2], 0x44);
            quads[half + 1] = _mm256_shuffle_ps(pairs[half], pairs[half + 2], 0xee);
            quads[half + 2] = _mm256_shuffle_ps(pairs[half + 1], pairs[half + 3], 0x44);
            quads[half + 3] = _mm256_shuffle_ps(pairs[half + 1], pairs[half + 3], 0xee);
        }
        for (int r = 0; r < 4; ++r) {
            v[r] = _mm256_permute2f128_ps(quads[r], quads[r + 4], 0x20);
            v[r + 4] = _mm256_permute2f128_ps(quads[r], quads[r + 4], 0x31);
        }
    }
};

template <int R>
constexpr SpmmWidth kWidth = {R* Avx2::kLanes, run_spmm_tile<Avx2, R>};

}  // namespace

const SpmmKernel kSpmmAvx2 = {"spmm_f32/avx2",
                              Isa::kAvx2,
                              {kWidth<13>, kWidth<7>, kWidth<4>, kWidth<1>},
                              run_spmm_pack<Avx2, Square8>,
                              run_spmm_finish<Avx2, Square8>};

}  // namespace espalier::kernels
