#include "engine/lower/lower.h"
#include "kernels/attention/attention.h"
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
        kernels::matmul_f32(shape, operands.f32(0), operands.f32(1), operands.output.mutable_f32(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("matmul_f32", isa_); }

  private:
    bool transpose_b_;
    Isa isa_;
};

class AttentionOperator final : public Operator {
  public:
    AttentionOperator(const graph::Attention& op, Isa isa) : op_(op), isa_(isa) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& out = operands.output.shape();
        const std::int64_t width = out[2];
        const std::int64_t d = width / op_.heads;
        const float* q = operands.f32(0);
        auto shape = kernels::fused_qkv_attention(out[0], out[1], op_.heads, d, static_cast<float>(op_.scale));
        if (operands.inputs.size() == 1) {
            kernels::attention_f32(shape, q, q + width, q + 2 * width, nullptr, operands.output.mutable_f32(), pool,
                                   isa_);
            return;
        }
        const std::int64_t keys = operands.inputs[1].shape()[1];
        shape.keys = keys;
        shape.q_row = shape.k_row = shape.v_row = width;
        shape.q_batch = out[1] * width;
        shape.k_batch = shape.v_batch = keys * width;
        shape.bias_head = out[1] * keys;
        kernels::attention_f32(shape, q, operands.f32(1), operands.f32(2), operands.f32(3),
                               operands.output.mutable_f32(), pool, isa_);
    }
    std::string kernel() const override { return kernel_label("attention_f32", isa_); }

  private:
    graph::Attention op_;
    Isa isa_;
};

}  // namespace

OperatorPtr lower_op(const Lowering& lowering, const graph::MatMul& op) {
    return std::make_unique<MatMulOperator>(op.transpose_b, lowering.options.isa);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Attention& op) {
    return std::make_unique<AttentionOperator>(op, lowering.options.isa);
}

}  // namespace espalier::engine
