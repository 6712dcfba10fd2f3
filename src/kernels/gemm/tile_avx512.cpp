#if defined(__x86_64__)

#include "kernels/gemm/tile_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

/// 24 accumulators in the wide tiles: enough to hide four cycles of latency at two FMAs per cycle, and few
/// enough rows for their pointers to stay in general registers. Narrow tiles are bound by the loads of the
/// rows.
extern constexpr TileTable kTilesAvx512{"avx512",
                                        Isa::kAvx512,
                                        Avx512::kLanes,
                                        4,
                                        {12, 12, 8, 6},
                                        {tile_rows<Avx512, 1, 12>(), tile_rows<Avx512, 2, 12>(),
                                         tile_rows<Avx512, 3, 8>(), tile_rows<Avx512, 4, 6>()}};

}  // namespace espalier::kernels

#endif
