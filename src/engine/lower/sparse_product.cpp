#include "engine/lower/sparse_product.h"

#include <algorithm>

#include "kernels/sparse/spmm.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/winograd/winograd.h"

namespace espalier::engine {
namespace {

double density_of(const Tensor& weights) {
    return 1 - static_cast<double>(count_zeros(weights)) / static_cast<double>(weights.elements());
}

/// What is asked for, else what the estimate says.
bool is_sparse(const Lowering& lowering, bool estimate) {
    const auto& product = lowering.options.product;
    return product ? *product == Product::kSparse : estimate;
}

/// A product or a convolution with sparse f32 weights.
class SparseOperator final : public Operator {
  public:
    /// `shape` is null for a linear layer. `rows` of the product are usual.
    SparseOperator(const Lowering& lowering, const Tensor& weights, const kernels::Conv2dShape* shape,
                   std::int64_t rows, double density, const graph::Activation& activation)
        : isa_(lowering.options.isa),
          density_(density),
          bias_(lowering.has_input(2) ? lowering.constant(2) : Tensor()),
          epilogue_(epilogue_of(activation)) {
        const std::int64_t n = weights.shape()[0], k = weights.shape()[1];
        if (shape && !(shape->is_pointwise() && shape->stride_h == 1 && shape->stride_w == 1))
            shape_ = *shape;
        packed_ = kernels::pack_sparse_f32(weights.span<float>().data(), n, k, weights.elements() / (n * k),
                                           rows, isa_);
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(3);
        const Shape& x = operands.inputs[0].shape();
        if (shape_) {
            kernels::sparse_conv2d_f32(*shape_, packed_, x[0], x[1], x[2], operands.f32(0),
                                       operands.output.mutable_f32(), epilogue, pool, isa_);
        } else {
            kernels::spmm_f32(x.elements() / packed_.k(), operands.f32(0), packed_.k(), packed_,
                              operands.output.mutable_f32(), packed_.n(), epilogue, pool, isa_);
        }
    }
    std::string kernel() const override {
        return (shape_ ? std::string("conv_") : std::string()) + kernels::kernel_name_spmm(isa_);
    }
    std::string mac_class() const override { return kSparseClass; }
    double executed_share() const override { return density_; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == 3; }

  private:
    Isa isa_;
    double density_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    std::optional<kernels::Conv2dShape> shape_;
    kernels::SparseF32 packed_;
};

/// The problem at the batch of the graph.
kernels::SparseProblem linear_problem(const Lowering& lowering, const Tensor& weights, double density) {
    const std::int64_t n = weights.shape()[0], k = weights.shape()[1];
    return {.m = lowering.input_type(0).shape.elements() / k, .n = n, .k = k, .taps = 1, .density = density};
}

kernels::SparseProblem conv_problem(const Lowering& lowering, const kernels::Conv2dShape& shape,
                                    double density) {
    const Shape& x = lowering.input_type(0).shape;
    return {.m = x[0] * shape.output_h(x[1]) * shape.output_w(x[2]),
            .n = shape.c_out,
            .k = shape.c_in,
            .taps = shape.taps(),
            .density = density};
}

std::optional<SparseI8Weights> pack_where_faster(const Lowering& lowering, kernels::SparseProblem problem,
                                                 const Tensor& weights, const Tensor& scales) {
    if (lowering.is_packed() || !lowering.options.sparse) return std::nullopt;
    const auto* values = weights.span<std::int8_t>().data();
    const std::int64_t blocks = kernels::count_sparse_blocks(values, problem.n, problem.k, problem.taps);
    const std::int64_t per_tap = (problem.k + kernels::kSparseBlock - 1) / kernels::kSparseBlock;
    problem.density = static_cast<double>(blocks) / static_cast<double>(problem.n * problem.taps * per_tap);
    if (!is_sparse(lowering, kernels::sparse_i8_pays(problem, lowering.options.isa))) return std::nullopt;
    return SparseI8Weights{kernels::pack_sparse_i8(values, problem.n, problem.k, scales.span<float>(),
                                                   problem.taps, problem.m, lowering.options.isa),
                           problem.density};
}

}  // namespace

OperatorPtr lower_sparse_linear(const Lowering& lowering, const Tensor& weights, bool as_bf16,
                                const graph::Activation& activation) {
    if (lowering.is_packed() || !lowering.options.sparse) return nullptr;
    const auto problem = linear_problem(lowering, weights, density_of(weights));
    const double dense = as_bf16 ? kernels::dense_bf16_cycles(problem, lowering.options.isa)
                                 : kernels::dense_product_cycles(problem, lowering.options.isa);
    if (!is_sparse(lowering, kernels::sparse_pays(problem, dense, lowering.options.isa))) return nullptr;
    return std::make_unique<SparseOperator>(lowering, weights, nullptr, problem.m, problem.density,
                                            activation);
}

OperatorPtr lower_sparse_conv2d(const Lowering& lowering, const kernels::Conv2dShape& shape,
                                const Tensor& weights, bool as_bf16, const graph::Activation& activation) {
    if (lowering.is_packed() || shape.groups != 1 || !lowering.options.sparse) return nullptr;
    const auto problem = conv_problem(lowering, shape, density_of(weights));
    const Shape& x = lowering.input_type(0).shape;
    const double dense = as_bf16 ? kernels::dense_bf16_cycles(problem, lowering.options.isa)
                                 : kernels::dense_conv_cycles(shape, x[0], x[1], x[2], lowering.options.isa,
                                                              lowering.options.winograd);
    if (!is_sparse(lowering, kernels::sparse_pays(problem, dense, lowering.options.isa))) return nullptr;
    return std::make_unique<SparseOperator>(lowering, weights, &shape, problem.m, problem.density,
                                            activation);
}

std::optional<SparseI8Weights> pack_sparse_i8(const Lowering& lowering, const Tensor& weights,
                                              const Tensor& scales) {
    return pack_where_faster(lowering, linear_problem(lowering, weights, 1), weights, scales);
}

std::optional<SparseI8Weights> pack_sparse_i8(const Lowering& lowering, const kernels::Conv2dShape& shape,
                                              const Tensor& weights, const Tensor& scales) {
    if (shape.groups != 1) return std::nullopt;
    return pack_where_faster(lowering, conv_problem(lowering, shape, 1), weights, scales);
}

}  // namespace espalier::engine
