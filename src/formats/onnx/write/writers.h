#pragma once

#include <functional>
#include <string>

#include "formats/onnx/write/node_writer.h"
#include "graph/op.h"

namespace espalier::formats::onnx {

/// Writes a node of that op and returns the name of its value. There is one for every op, and none for all:
/// an op without its own does not compile.
std::string write_op(NodeWriter& to, const graph::Input& op);
std::string write_op(NodeWriter& to, const graph::Constant& op);
std::string write_op(NodeWriter& to, const graph::Conv2d& op);
std::string write_op(NodeWriter& to, const graph::QuantizedConv2d& op);
std::string write_op(NodeWriter& to, const graph::Linear& op);
std::string write_op(NodeWriter& to, const graph::QuantizedLinear& op);
std::string write_op(NodeWriter& to, const graph::MatMul& op);
std::string write_op(NodeWriter& to, const graph::Attention& op);
std::string write_op(NodeWriter& to, const graph::BatchNorm& op);
std::string write_op(NodeWriter& to, const graph::GroupNorm& op);
std::string write_op(NodeWriter& to, const graph::LayerNorm& op);
std::string write_op(NodeWriter& to, const graph::Softmax& op);
std::string write_op(NodeWriter& to, const graph::Unary& op);
std::string write_op(NodeWriter& to, const graph::Binary& op);
std::string write_op(NodeWriter& to, const graph::BroadcastBatch& op);
std::string write_op(NodeWriter& to, const graph::Pool2d& op);
std::string write_op(NodeWriter& to, const graph::Reduce& op);
std::string write_op(NodeWriter& to, const graph::Reshape& op);
std::string write_op(NodeWriter& to, const graph::Transpose& op);
std::string write_op(NodeWriter& to, const graph::Concat& op);
std::string write_op(NodeWriter& to, const graph::Slice& op);
std::string write_op(NodeWriter& to, const graph::Pad& op);
std::string write_op(NodeWriter& to, const graph::Gather& op);
std::string write_op(NodeWriter& to, const graph::QuantizeLinear& op);
std::string write_op(NodeWriter& to, const graph::DequantizeLinear& op);
std::string write_op(NodeWriter& to, const graph::IntegerConv2d& op);
std::string write_op(NodeWriter& to, const graph::IntegerLinear& op);

/// Parts that several of them share.

/// kind(x)
std::string write_unary(NodeWriter& to, const graph::Unary& op, const std::string& x);

/// activation(x), or x where none is present.
std::string write_activation(NodeWriter& to, std::string x, const graph::Activation& activation);

/// activation(x + residual), where input `residual` of the node may be absent.
std::string write_epilogue(NodeWriter& to, std::string x, std::size_t residual,
                           const graph::Activation& activation);

/// body(x), with x and its result as [N, C, H, W] for a body that wants them so, whatever the layout.
std::string write_channels_first(NodeWriter& to, graph::Layout layout, const std::string& x,
                                 const std::function<std::string(const std::string&)>& body);

/// Input 1 as f32: bf16 weights are widened by the runtime, few of which multiply them as they are.
std::string write_real_weights(NodeWriter& to);

/// The weights of a product, which are input 1 [N, K], as [K, N]; bf16 widened likewise.
std::string write_weights(NodeWriter& to);

/// x [1, ...] of the given rank, once for each image of the batch of `like`.
std::string write_repeated(NodeWriter& to, const std::string& x, int rank, const std::string& like);

/// The axis counted from the front.
std::int64_t axis_from_front(std::int64_t axis, int rank);

}  // namespace espalier::formats::onnx
