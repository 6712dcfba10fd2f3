#include "engine/lower/lower_bf16.h"

#include "kernels/conv_bf16/conv_bf16.h"
#include "kernels/gemm_bf16/gemm_bf16.h"

namespace espalier::engine {
namespace {

const std::uint16_t* bits_of(const Tensor& weights) {
    return reinterpret_cast<const std::uint16_t*>(weights.bytes().data());
}

/// What both layers have in common: input 2 is the bias and input 3 the residual.
class BF16Operator : public Operator {
  public:
    BF16Operator(const Lowering& lowering, const graph::Activation& activation)
        : kernel_(kernels::bf16_kernel(lowering.options.isa)),
          bias_(lowering.has_input(2) ? lowering.constant(2) : Tensor()),
          epilogue_(epilogue_of(activation)) {
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    /// Widened products are f32 products, whatever the weights are kept in.
    std::string mac_class() const override { return kernel_.widens() ? "f32" : "bf16"; }
    bool may_overwrite(std::size_t index) const override { return index == 3; }

  protected:
    kernels::Epilogue epilogue(const Operands& operands) const {
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(3);
        return epilogue;
    }
    std::size_t bias_bytes() const { return bias_.size_bytes(); }

    const kernels::TileBF16Kernel& kernel_;

  private:
    Tensor bias_;
    kernels::Epilogue epilogue_;
};

class LinearBF16Operator final : public BF16Operator {
  public:
    LinearBF16Operator(const Lowering& lowering, const graph::Linear& op, const Tensor& weights)
        : BF16Operator(lowering, op.activation),
          packed_(kernels::pack_gemm_bf16(bits_of(weights), weights.shape()[0], weights.shape()[1],
                                          lowering.memory)) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const std::int64_t rows = operands.inputs[0].shape().elements() / packed_.k();
        kernels::gemm_bf16(rows, operands.f32(0), packed_.k(), packed_, operands.output.mutable_f32(),
                           packed_.n(), epilogue(operands), pool, kernel_);
    }
    std::string kernel() const override { return std::string("gemm_") + kernel_.name; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_bytes(); }

  private:
    kernels::PackedBF16 packed_;
};

class Conv2dBF16Operator final : public BF16Operator {
  public:
    Conv2dBF16Operator(const Lowering& lowering, const graph::Conv2d& op, const Tensor& weights)
        : BF16Operator(lowering, op.activation),
          packed_(kernels::pack_conv2d_bf16(conv2d_shape(op, weights.shape()), bits_of(weights),
                                            lowering.memory)) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        kernels::conv2d_bf16(packed_, x[0], x[1], x[2], operands.f32(0), operands.output.mutable_f32(),
                             epilogue(operands), pool, kernel_);
    }
    std::string kernel() const override { return std::string("conv_") + kernel_.name; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_bytes(); }

  private:
    kernels::PackedConvBF16 packed_;
};

}  // namespace

OperatorPtr lower_bf16(const Lowering& lowering, const graph::Linear& op) {
    return std::make_unique<LinearBF16Operator>(lowering, op, lowering.weights());
}

OperatorPtr lower_bf16(const Lowering& lowering, const graph::Conv2d& op) {
    return std::make_unique<Conv2dBF16Operator>(lowering, op, lowering.weights());
}

}  // namespace espalier::engine
