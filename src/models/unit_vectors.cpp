#include "models/unit_vectors.h"

#include <cmath>

namespace espalier::models {

using namespace graph;

namespace {

/// Smallest length that a vector is divided by: the default of torch's normalize.
constexpr double kShortest = 1e-12;

}  // namespace

NodeId scaled_to_length(const Scope& scope, NodeId x, const Tensor& lengths) {
    // |x| = sqrt(extent) * sqrt(mean of squares); the first factor joins the constants.
    const double root = std::sqrt(static_cast<double>(scope.type(x).shape.back()));
    Tensor numerators = lengths.clone();
    for (float& value : numerators.mutable_span<float>()) value = static_cast<float>(value / root);
    const NodeId squares = scope.add(Binary{BinaryKind::kMul}, {x, x}, "squares");
    const NodeId means =
        scope.add(Reduce{.kind = ReduceKind::kMean, .axes = {-1}}, {squares}, "mean_squares");
    const NodeId roots = scope.add(Unary{UnaryKind::kSqrt}, {means}, "roots");
    const NodeId least = scope.scalar("shortest", static_cast<float>(kShortest / root));
    const NodeId safe = scope.add(Binary{BinaryKind::kMax}, {roots, least}, "safe_roots");
    const NodeId factors =
        scope.add(Binary{BinaryKind::kDiv}, {scope.constant("length", numerators), safe}, "factors");
    return scope.product(x, factors);
}

NodeId scaled_to_length(const Scope& scope, NodeId x, double length) {
    const auto value = static_cast<float>(length);
    return scaled_to_length(scope, x, Tensor::of<float>({}, std::span(&value, 1)));
}

}  // namespace espalier::models
