#pragma once

#include <span>
#include <vector>

#include "formats/onnx/proto.h"

namespace espalier::formats::onnx {

/// The nodes with each behind those that compute its inputs, otherwise in their order: some converters append
/// nodes where they please. Nodes of a cycle come in an order that lacks an input.
std::vector<const NodeProto*> in_order(std::span<const NodeProto> nodes);

}  // namespace espalier::formats::onnx
