#pragma once

#include <memory>

#include "kernels/conv/conv2d.h"
#include "kernels/gemm/gemm.h"

namespace espalier::kernels {

/// A 1x1 convolution of stride 1 without padding: one matrix product over all pixels. Named conv_1x1.
class PointwiseKernel final : public Conv2dKernel {
  public:
    explicit PointwiseKernel(PackedF32 weights) : weights_(std::move(weights)) {}

    std::string name() const override;
    std::size_t size_bytes() const override { return weights_.size_bytes(); }
    void run(std::int64_t n, std::int64_t h, std::int64_t w, const float* x, float* y,
             const Epilogue& epilogue, ThreadPool& pool) const override;

    const PackedF32& weights() const { return weights_; }

  private:
    PackedF32 weights_;
};

std::shared_ptr<const PointwiseKernel> make_pointwise(const Conv2dShape& shape, const float* weights, Isa isa,
                                                      PackedMemory* memory = nullptr);

}  // namespace espalier::kernels
