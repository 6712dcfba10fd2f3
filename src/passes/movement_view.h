#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// One axis of a view: its elements lie `stride` elements of the source apart.
struct ViewAxis {
    std::int64_t extent;
    std::int64_t stride;
    bool operator==(const ViewAxis&) const = default;
};

/// What a chain of Reshape, Transpose and Slice nodes makes of the value it begins with: element [i, j, ...]
/// of the result is element offset + i * stride_0 + j * stride_1 + ... of the dense source.
struct MovementView {
    graph::NodeId source;
    std::int64_t offset = 0;
    std::vector<ViewAxis> axes;
};

bool is_movement(const graph::Op& op);

/// The view that node `id` is. Nothing where it is no movement, or where a Reshape in the chain joins axes
/// that do not lie one within the other, so that no strides describe it.
std::optional<MovementView> movement_view(const graph::Graph& graph, graph::NodeId id);

}  // namespace espalier::passes
