#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// In a model exported for a batch of one, a constant row stands beside values of each image: it is repeated.
void repeat_rows(Call& call, std::vector<NodeId>& inputs);

}  // namespace espalier::formats::onnx
