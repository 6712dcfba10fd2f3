#include "models/patches.h"

namespace espalier::models {

using namespace graph;

NodeId unfold(const Scope& scope, NodeId x, std::int64_t edge) {
    const NodeId pixels = scope.channels_last(x);
    const Shape shape = scope.type(pixels).shape;
    const std::int64_t rows = shape[1] / edge;
    const std::int64_t columns = shape[2] / edge;
    const NodeId cut = scope.add(Reshape{{0, rows, edge, columns, edge, shape[3]}}, {pixels}, "cut");
    const NodeId sorted = scope.add(Transpose{{0, 2, 4, 1, 3, 5}}, {cut}, "sorted");
    return scope.add(Reshape{{0, edge * edge, rows * columns, shape[3]}}, {sorted}, "patches");
}

NodeId fold(const Scope& scope, NodeId x, std::int64_t edge, std::int64_t height, std::int64_t width) {
    const std::int64_t channels = scope.type(x).shape.back();
    const Ints grid{0, edge, edge, height / edge, width / edge, channels};
    const NodeId patches = scope.add(Reshape{grid}, {x}, "grid");
    const NodeId sorted = scope.add(Transpose{{0, 3, 1, 4, 2, 5}}, {patches}, "rows");
    return scope.channels_first(scope.add(Reshape{{0, height, width, channels}}, {sorted}, "folded"));
}

}  // namespace espalier::models
