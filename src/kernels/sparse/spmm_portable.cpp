#include "kernels/math_portable.h"
#include "kernels/sparse/spmm_body.h"

namespace espalier::kernels {
namespace {

struct Square4 {
    using V = Portable::V;

    ESPALIER_INLINE static void transpose(V (&v)[4]) {
        const V columns[4] = {v[0], v[1], v[2], v[3]};
        for (int r = 0; r < 4; ++r) v[r] = V{columns[0][r], columns[1][r], columns[2][r], columns[3][r]};
    }
};

template <int R>
constexpr SpmmWidth kWidth = {R* Portable::kLanes, run_spmm_tile<Portable, R>};

}  // namespace

const SpmmKernel kSpmmPortable = {"spmm_f32/portable",
                                  Isa::kPortable,
                                  {kWidth<8>, kWidth<4>, kWidth<2>, kWidth<1>},
                                  run_spmm_pack<Portable, Square4>,
                                  run_spmm_finish<Portable, Square4>};

}  // namespace espalier::kernels
