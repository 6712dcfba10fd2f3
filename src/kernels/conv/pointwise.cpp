#include "kernels/conv/pointwise.h"

#include <fmt/core.h>

#include "kernels/gemm/gemm.h"

namespace espalier::kernels {
namespace {

class Pointwise final : public Conv2dKernel {
  public:
    Pointwise(const Conv2dShape& shape, const float* weights, Isa isa, PackedMemory* memory)
        : shape_(shape), weights_(pack_gemm_f32(weights, shape.c_out, shape.c_in, isa, memory)) {}

    std::string name() const override { return fmt::format("conv_1x1/{}", weights_.panels().table().name); }
    std::size_t size_bytes() const override { return weights_.size_bytes(); }
    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override {
        const std::int64_t pixels = n * shape_.output_h(h) * shape_.output_w(w);
        gemm_f32(pixels, x, shape_.c_in, weights_, y, shape_.c_out, epilogue, pool);
    }

  private:
    Conv2dShape shape_;
    PackedF32 weights_;
};

}  // namespace

std::shared_ptr<const Conv2dKernel> make_pointwise(const Conv2dShape& shape, const float* weights, Isa isa,
                                                   PackedMemory* memory) {
    return std::make_shared<Pointwise>(shape, weights, isa, memory);
}

}  // namespace espalier::kernels
