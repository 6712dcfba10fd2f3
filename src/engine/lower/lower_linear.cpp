#include "engine/lower/lower.h"
#include "engine/lower/lower_bf16.h"
#include "engine/lower/sparse_product.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm_bf16/tile_bf16.h"

namespace espalier::engine {
namespace {

class LinearOperator final : public Operator {
  public:
    LinearOperator(kernels::PackedF32 packed, Tensor bias, const graph::Activation& activation)
        : packed_(std::move(packed)), bias_(std::move(bias)), epilogue_(epilogue_of(activation)) {
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(3);
        const std::int64_t rows = operands.inputs[0].shape().elements() / packed_.k();
        kernels::gemm_f32(rows, operands.f32(0), packed_.k(), packed_, operands.output.mutable_f32(),
                          packed_.n(), epilogue, pool);
    }
    std::string kernel() const override { return packed_.kernel_name(); }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 3; }

  private:
    kernels::PackedF32 packed_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::Linear& op) {
    const Tensor weights = lowering.weights_f32();
    const bool is_bf16 = lowering.input_type(1).dtype == DType::kBF16;
    const bool as_bf16 = is_bf16 && !kernels::bf16_kernel(lowering.options.isa).widens();
    if (auto sparse = lower_sparse_linear(lowering, weights, as_bf16, op.activation)) return sparse;
    if (is_bf16) return lower_bf16(lowering, op);
    return std::make_unique<LinearOperator>(
        kernels::pack_gemm_f32(weights, lowering.options.isa, lowering.memory),
        lowering.has_input(2) ? lowering.constant(2) : Tensor(), op.activation);
}

}  // namespace espalier::engine
