#if defined(__x86_64__)

#include "kernels/gemm/tile_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

/// 6 x 16: 12 accumulators, 2 columns and 1 row in 16 registers.
extern constexpr TileTable kTilesAvx2{
    "avx2", Isa::kAvx2, Avx2::kLanes, 2, {8, 6, 0, 0}, {tile_rows<Avx2, 1, 8>(), tile_rows<Avx2, 2, 6>()}};

}  // namespace espalier::kernels

#endif
