#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// Extents of input 0, whatever it is.
std::vector<Extent> shape_of(Call& call);

/// The elements `indices` of one axis of a value: of a constant or integers at once, of a node by a Gather.
std::variant<NodeId, Tensor, Integers> take(Call& call, const std::variant<NodeId, Tensor, Integers>& from,
                                            int axis, const std::vector<std::int64_t>& indices);

/// Every element begin, begin + step, ... below end of one axis (ONNX Slice, negative counts from the end,
/// any step).
std::variant<NodeId, Tensor, Integers> take_range(Call& call,
                                                  const std::variant<NodeId, Tensor, Integers>& from,
                                                  int axis, std::int64_t begin, std::int64_t end,
                                                  std::int64_t step);

}  // namespace espalier::formats::onnx
