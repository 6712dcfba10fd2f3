#pragma once

#include "engine/lower/lower.h"
#include "kernels/conv/conv2d.h"

namespace espalier::engine {

/// A convolution in f32.
class Conv2dOperator final : public Operator {
  public:
    Conv2dOperator(kernels::PackedConvF32 packed, Tensor bias, const graph::Activation& activation);

    void run(const Operands& operands, ThreadPool& pool) const override;
    std::string kernel() const override { return packed_.kernel_name(); }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool gives_row_codes() const override { return packed_.kernel().gives_row_codes(); }
    bool may_overwrite(std::size_t index) const override { return index == 3; }

    const kernels::PackedConvF32& packed() const { return packed_; }
    /// Bias and activation.
    const kernels::Epilogue& epilogue() const { return epilogue_; }

  private:
    kernels::PackedConvF32 packed_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
};

}  // namespace espalier::engine
