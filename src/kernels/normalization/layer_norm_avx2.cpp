#include "kernels/math_avx2.h"
#include "kernels/normalization/layer_norm_body.h"

namespace espalier::kernels {

void run_layer_norm_avx2(const LayerNorm& norm, const float* x, float* y) {
    run_layer_norm<Avx2>(norm, x, y);
}

}  // namespace espalier::kernels
