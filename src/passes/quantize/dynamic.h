#pragma once

#include "passes/pass.h"

namespace espalier::passes {

/// linear(x, w)  =>  quantized_linear(x, q, s),  w ~ q * s;  under kPerRow also conv -> quantized_conv2d.
///
/// kPerRow: weights s8 symmetric per output channel; every linear, and every convolution but those that take
/// at most 4 channels (the first layer sees raw pixels) and grouped ones (too few products per output to
/// pay). What a convolution reads has one scale per pixel where its window is one pixel of many channels,
/// else per image. kTorch: weights s8 per tensor, linear layers only, as
/// torch.ao.quantization.quantize_dynamic does by default.
graph::Graph quantize_dynamically(const graph::Graph& graph, graph::QuantScheme scheme, Change& change);

}  // namespace espalier::passes
