#include "kernels/gemm/pack_body.h"
#include "kernels/math_portable.h"

namespace espalier::kernels {

extern constexpr PackTable kPackPortable{"portable", Isa::kPortable, &Pack<Portable>::transposed,
                                         &Pack<Portable>::plain};

}  // namespace espalier::kernels
