#include "kernels/gemm/tile_body.h"
#include "kernels/math_portable.h"

namespace espalier::kernels {

/// 6 x 8: 12 of the 16 registers of SSE2.
extern constexpr TileTable kTilesPortable{
    "portable", Isa::kPortable, Portable::kLanes,
    2,          {6, 6, 0, 0},   {tile_rows<Portable, 1, 6>(), tile_rows<Portable, 2, 6>()}};

}  // namespace espalier::kernels
