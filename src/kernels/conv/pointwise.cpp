#include "kernels/conv/pointwise.h"

#include <fmt/core.h>

namespace espalier::kernels {

std::string PointwiseKernel::name() const {
    return fmt::format("conv_1x1/{}", weights_.panels().table().name);
}

void PointwiseKernel::run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
                          const Epilogue& epilogue, ThreadPool& pool) const {
    gemm_f32(n * h * w, x, weights_.k(), weights_, y, weights_.n(), epilogue, pool);
}

std::shared_ptr<const PointwiseKernel> make_pointwise(const Conv2dShape& shape, const float* weights, Isa isa,
                                                      PackedMemory* memory) {
    return std::make_shared<PointwiseKernel>(pack_gemm_f32(weights, shape.c_out, shape.c_in, isa, memory));
}

}  // namespace espalier::kernels
