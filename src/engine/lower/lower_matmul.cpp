#include "engine/lower/lower.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/attention_bf16.h"
#include "kernels/matmul/matmul.h"

namespace espalier::engine {
namespace {

class MatMulOperator final : public Operator {
  public:
    MatMulOperator(bool transpose_b, Isa isa) : transpose_b_(transpose_b), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& a = operands.inputs[0].shape();
        const Shape& c = operands.output.shape();
        const int rank = a.rank();
        kernels::MatmulShape shape;
        shape.outer = a.product(0, rank - 2);
        shape.m = a[rank - 2];
        shape.k = a[rank - 1];
        shape.n = c[rank - 1];
        shape.transpose_b = transpose_b_;
        shape.a = {shape.m * shape.k, 0, shape.k};
        shape.b = {shape.n * shape.k, 0, transpose_b_ ? shape.k : shape.n};
        shape.c = {shape.m * shape.n, 0, shape.n};
        kernels::matmul_f32(shape, operands.f32(0), operands.f32(1), operands.output.mutable_f32(), pool,
                            isa_);
    }
    std::string kernel() const override { return kernel_label("matmul_f32", isa_); }

  private:
    bool transpose_b_;
    Isa isa_;
};

/// With fewer keys, the windows of Swin, packing them takes as long as bf16 saves.
constexpr std::int64_t kLeastKeysBF16 = 64;

class AttentionOperator final : public Operator {
  public:
    AttentionOperator(const Lowering& lowering, const graph::Attention& op)
        : op_(op),
          isa_(lowering.options.isa),
          kernel_(kernels::bf16_kernel(isa_)),
          bf16_(op.bf16 && !kernel_.widens() &&
                lowering.input_type(lowering.has_input(1) ? 1 : 0).shape[1] >= kLeastKeysBF16) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& out = operands.output.shape();
        const float* q = operands.f32(0);
        const float* k = operands.f32(1);
        const float* v = operands.f32(2);
        auto shape = kernels::fused_qkv_attention(out[0], out[1], op_.heads, out[2] / op_.heads,
                                                  static_cast<float>(op_.scale));
        if (k) {
            use_separate_operands(operands, shape);
        } else {
            k = q + out[2];
            v = q + 2 * out[2];
        }
        const float* bias = operands.f32(3);
        if (bias) {
            const Shape& biases = operands.inputs[3].shape();
            shape.bias_images = biases.rank() == 4 ? biases[0] : 1;
            shape.bias_head = shape.queries * shape.keys;
        }
        float* const y = operands.output.mutable_f32();
        if (bf16_) {
            kernels::attention_bf16(shape, q, k, v, bias, y, pool, kernel_);
        } else {
            kernels::attention_f32(shape, q, k, v, bias, y, pool, isa_);
        }
    }
    std::string kernel() const override {
        return bf16_ ? fmt::format("attention_{}", kernel_.name) : kernel_label("attention_f32", isa_);
    }
    std::string mac_class() const override { return bf16_ ? "bf16" : "f32"; }

  private:
    void use_separate_operands(const Operands& operands, kernels::AttentionShape& shape) const {
        const std::int64_t width = operands.inputs[0].shape()[2];
        shape.head_dim = width / op_.heads;
        shape.keys = operands.inputs[1].shape()[1];
        shape.q_row = shape.k_row = width;
        shape.v_row = operands.output.shape()[2];
        shape.q_batch = shape.queries * shape.q_row;
        shape.k_batch = shape.keys * shape.k_row;
        shape.v_batch = shape.keys * shape.v_row;
    }

    graph::Attention op_;
    Isa isa_;
    const kernels::TileBF16Kernel& kernel_;
    bool bf16_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::MatMul& op) {
    return std::make_unique<MatMulOperator>(op.transpose_b, lowering.options.isa);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Attention& op) {
    return std::make_unique<AttentionOperator>(lowering, op);
}

}  // namespace espalier::engine
