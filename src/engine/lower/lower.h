#pragma once

#include "engine/operator.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"

namespace espalier::engine {

/// What a lowering may look at.
struct Lowering {
    const graph::Graph& graph;
    graph::NodeId id;
    const LoweringOptions& options;
    kernels::PackedMemory* memory = nullptr;  ///< of the packed weights; null: new memory

    const graph::Node& node() const { return graph[id]; }
    graph::NodeId input(std::size_t index) const;
    bool has_input(std::size_t index) const { return input(index) != graph::NodeId::kNone; }
    const graph::TensorType& input_type(std::size_t index) const { return graph.type(input(index)); }

    /// The constant behind an input, aligned. Throws Error naming the node when it is computed at run time.
    Tensor constant(std::size_t index) const;

    /// Whether the weights are packed already, and so by dense kernels: their elements are not to be read.
    bool is_packed() const { return kernels::is_packed(memory); }

    /// The weights, input 1, as they are or in f32; without elements where they are packed.
    Tensor weights() const;
    Tensor weights_f32() const;
};

using OperatorPtr = std::unique_ptr<Operator>;

OperatorPtr lower_op(const Lowering& lowering, const graph::Conv2d& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizedConv2d& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Linear& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizedLinear& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::MatMul& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Attention& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::BatchNorm& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::GroupNorm& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::LayerNorm& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Softmax& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Unary& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Binary& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::BroadcastBatch& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Pool2d& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Reduce& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Transpose& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Concat& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Slice& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Pad& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::Gather& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::QuantizeLinear& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::DequantizeLinear& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::IntegerConv2d& op);
OperatorPtr lower_op(const Lowering& lowering, const graph::IntegerLinear& op);

/// The kernel's form of a fused activation, with its bounds.
kernels::Epilogue epilogue_of(const graph::Activation& activation);

/// The geometry of a convolution with weights [O, C/groups, R, S]. Op: graph::Conv2d, graph::QuantizedConv2d
/// or graph::IntegerConv2d.
template <typename Op>
kernels::Conv2dShape conv2d_shape(const Op& op, const Shape& weights) {
    kernels::Conv2dShape shape;
    shape.c_in = weights[1] * op.groups;
    shape.c_out = weights[0];
    shape.kernel_h = weights[2];
    shape.kernel_w = weights[3];
    shape.stride_h = op.stride[0];
    shape.stride_w = op.stride[1];
    shape.pad_top = op.pad[0];
    shape.pad_left = op.pad[1];
    shape.pad_bottom = op.pad[2];
    shape.pad_right = op.pad[3];
    shape.dilation_h = op.dilation[0];
    shape.dilation_w = op.dilation[1];
    shape.groups = op.groups;
    return shape;
}

/// Throws Error naming the node unless its images lie channels-last, the only layout the image kernels know.
void check_channels_last(const Lowering& lowering, graph::Layout layout);

/// "gelu/avx512" and the like, for kernels that are chosen by instruction set alone and have no form beyond
/// AVX-512.
std::string kernel_label(std::string_view family, Isa isa);

}  // namespace espalier::engine
