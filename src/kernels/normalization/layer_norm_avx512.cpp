#include "kernels/math_avx512.h"
#include "kernels/normalization/layer_norm_body.h"

namespace espalier::kernels {

void run_layer_norm_avx512(const LayerNorm& norm, const float* x, float* y) {
    run_layer_norm<Avx512>(norm, x, y);
}

}  // namespace espalier::kernels
