#include "engine/lower/conv2d_operator.h"
#include "engine/lower/lower.h"
#include "engine/lower/lower_bf16.h"
#include "engine/lower/sparse_product.h"
#include "kernels/conv/conv2d.h"
#include "kernels/gemm_bf16/tile_bf16.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/winograd/winograd.h"

namespace espalier::engine {
namespace {

/// How much less minimal filtering in f32 has to take than products of bf16: its weights are many times as
/// large.
constexpr double kFilteringPays = 0.9;

/// Input channels up to which a 1x1 convolution waits for its output, not for products; in f32 it can be
/// computed together with a depthwise one, which spares the output.
constexpr std::int64_t kFewChannels = 16;

/// Whether a convolution with bf16 weights is best multiplied as it is. The f32 kernels of depthwise
/// convolutions are not bound by products, and minimal filtering may save more of them than bf16 does.
bool multiplies_bf16(const kernels::Conv2dShape& shape, const kernels::Conv2dChoice& choice) {
    if (shape.is_depthwise() || (shape.is_pointwise() && shape.c_in <= kFewChannels)) return false;
    if (!choice.winograd || kernels::winograd_tile(shape, choice.n, choice.h, choice.w, choice.isa) == 0)
        return true;
    if (kernels::bf16_kernel(choice.isa).widens()) return false;
    const kernels::SparseProblem products{.m = choice.n * shape.output_h(choice.h) * shape.output_w(choice.w),
                                          .n = shape.c_out,
                                          .k = shape.c_in,
                                          .taps = shape.taps(),
                                          .density = 1};
    return kFilteringPays * kernels::dense_bf16_cycles(products, choice.isa) <
           kernels::dense_conv_cycles(shape, choice.n, choice.h, choice.w, choice.isa, true);
}

/// The output tile of minimal filtering that is asked for.
std::optional<int> tile_of(const Lowering& lowering) {
    const auto& product = lowering.options.product;
    if (!product || lowering.input_type(1).dtype != DType::kF32) return std::nullopt;
    return *product == Product::kWinograd2 ? 2 : *product == Product::kWinograd4 ? 4 : 0;
}

}  // namespace

Conv2dOperator::Conv2dOperator(kernels::PackedConvF32 packed, Tensor bias,
                               const graph::Activation& activation)
    : packed_(std::move(packed)), bias_(std::move(bias)), epilogue_(epilogue_of(activation)) {
    if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
}

void Conv2dOperator::run(const Operands& operands, ThreadPool& pool) const {
    const Shape& x = operands.inputs[0].shape();
    kernels::Epilogue epilogue = epilogue_;
    epilogue.residual = operands.f32(3);
    epilogue.row_codes = operands.output.row_codes();
    kernels::conv2d_f32(packed_, x[0], x[1], x[2], operands.f32(0), operands.output.mutable_f32(), epilogue,
                        pool);
}

OperatorPtr lower_op(const Lowering& lowering, const graph::Conv2d& op) {
    check_channels_last(lowering, op.layout);
    const Tensor weights = lowering.weights_f32();
    const kernels::Conv2dShape shape = conv2d_shape(op, weights.shape());
    const Shape& x = lowering.input_type(0).shape;
    const kernels::Conv2dChoice choice{.isa = lowering.options.isa,
                                       .n = x[0],
                                       .h = x[1],
                                       .w = x[2],
                                       .winograd = lowering.options.winograd,
                                       .tile = tile_of(lowering),
                                       .memory = lowering.memory};
    const bool is_bf16 = lowering.input_type(1).dtype == DType::kBF16 && multiplies_bf16(shape, choice);
    const bool as_bf16 = is_bf16 && !kernels::bf16_kernel(choice.isa).widens();
    if (auto sparse = lower_sparse_conv2d(lowering, shape, weights, as_bf16, op.activation)) return sparse;
    if (is_bf16) return lower_bf16(lowering, op);
    return std::make_unique<Conv2dOperator>(
        kernels::pack_conv2d_f32(shape, weights.span<float>().data(), choice),
        lowering.has_input(2) ? lowering.constant(2) : Tensor(), op.activation);
}

}  // namespace espalier::engine
