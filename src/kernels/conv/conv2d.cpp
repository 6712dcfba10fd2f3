#include "kernels/conv/conv2d.h"

#include "kernels/conv/implicit_gemm.h"
#include "kernels/conv/pointwise.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/winograd/winograd.h"

namespace espalier::kernels {
namespace {

int tile_of(const Conv2dShape& shape, const Conv2dChoice& choice) {
    if (choice.tile) return winograd_applies(shape) ? *choice.tile : 0;
    return choice.winograd ? winograd_tile(shape, choice.n, choice.h, choice.w, choice.isa) : 0;
}

std::shared_ptr<const Conv2dKernel> choose(const Conv2dShape& shape, const float* weights,
                                           const Conv2dChoice& choice) {
    if (shape.is_depthwise() || has_grouped_tiles(shape, choice.isa))
        return make_depthwise(shape, weights, choice.isa);
    if (shape.is_pointwise() && shape.stride_h == 1 && shape.stride_w == 1) {
        return make_pointwise(shape, weights, choice.isa, choice.memory);
    }
    if (const int tile = tile_of(shape, choice)) {
        return make_winograd(shape, weights, tile, choice.isa, choice.memory);
    }
    return make_implicit_gemm(shape, weights, choice.isa, choice.memory);
}

}  // namespace

PackedConvF32 pack_conv2d_f32(const Conv2dShape& shape, const float* weights, const Conv2dChoice& choice) {
    shape.check();
    return {shape, choose(shape, weights, choice)};
}

void conv2d_f32(const PackedConvF32& packed, std::int64_t n, std::int64_t h, std::int64_t w, const float* x,
                float* y, const Epilogue& epilogue, ThreadPool& pool) {
    if (n <= 0) return;
    packed.kernel().run(n, h, w, x, y, epilogue, pool);
}

}  // namespace espalier::kernels
