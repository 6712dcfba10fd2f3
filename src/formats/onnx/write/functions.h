#pragma once

#include "formats/onnx/write/model_file.h"
#include "graph/fields.h"

namespace espalier::formats::onnx {

/// Products with s8 weights of activations that are quantized as they arrive. ONNX's own
/// DynamicQuantizeLinear has one scale for the whole batch; the kernels have one for each token, pixel or
/// image, which these functions spell out, so that an exported model answers as it did before, and each image
/// whatever stands beside it in its batch.
///
/// Both give  (acc - zero_point * sum_k w[k]) * scale * w_scale + bias  with acc from MatMulInteger or
/// ConvInteger.

/// Inputs: x f32 [..., K], w s8 [K, N], w_scale f32 [N], bias f32 [N].
const Function& quantized_linear(graph::QuantScheme scheme);

/// Inputs: x f32 [N, C, H, W], w s8 [O, C/group, R, S], w_scale f32 [O], bias f32 [O]; attributes dilations,
/// group, strides, and pads as of the operation Pad. kPerRow: R = S = 1.
const Function& quantized_conv(graph::QuantScheme scheme);

/// Their names.
inline constexpr const char* kQuantizedLinear = "QuantizedLinear";
inline constexpr const char* kQuantizedLinearTorch = "QuantizedLinearTorch";
inline constexpr const char* kQuantizedConv = "QuantizedConv";
inline constexpr const char* kQuantizedPointwiseConv = "QuantizedPointwiseConv";

}  // namespace espalier::formats::onnx
