#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// No classifier enlarges beyond this; it bounds the matrices of weights.
constexpr std::int64_t kMostExtent = 4096;

/// Where output position `i` lies in the input, as coordinate_transformation_mode says.
double source_of(const std::string& mode, std::int64_t i, std::int64_t from, std::int64_t to, double scale) {
    const auto at = static_cast<double>(i);
    if (mode == "asymmetric") return at / scale;
    if (mode == "align_corners")
        return to == 1 ? 0 : at * static_cast<double>(from - 1) / static_cast<double>(to - 1);
    if (mode == "pytorch_half_pixel" && to == 1) return 0;
    if (mode != "half_pixel" && mode != "pytorch_half_pixel")
        fail("the coordinates '{}' are not supported", mode);
    return (at + 0.5) / scale - 0.5;
}

std::int64_t nearest(const std::string& mode, double x) {
    if (mode == "floor") return static_cast<std::int64_t>(std::floor(x));
    if (mode == "ceil") return static_cast<std::int64_t>(std::ceil(x));
    if (mode == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(x + 0.5));
    if (mode != "round_prefer_floor") fail("the rounding '{}' is not known", mode);
    return static_cast<std::int64_t>(std::ceil(x - 0.5));
}

/// The axis to be resized, by the names of the attributes.
struct Axis {
    int axis;
    std::int64_t from, to;
    double scale;
};

NodeId resized_nearest(Call& call, NodeId x, const Axis& axis) {
    const std::string coordinates = call.text("coordinate_transformation_mode", "half_pixel");
    const std::string rounding = call.text("nearest_mode", "round_prefer_floor");
    Ints indices;
    for (std::int64_t i = 0; i < axis.to; ++i) {
        const double at = source_of(coordinates, i, axis.from, axis.to, axis.scale);
        indices.push_back(std::clamp<std::int64_t>(nearest(rounding, at), 0, axis.from - 1));
    }
    return call.add(Gather{axis.axis, indices}, {x});
}

/// Linear interpolation along an axis is a product with a matrix of two weights in each row.
NodeId resized_linear(Call& call, NodeId x, const Axis& axis) {
    const std::string coordinates = call.text("coordinate_transformation_mode", "half_pixel");
    Tensor weights = Tensor::allocate(DType::kF32, {axis.to, axis.from});
    for (std::int64_t i = 0; i < axis.to; ++i) {
        const double last = static_cast<double>(axis.from - 1);
        const double at = std::clamp(source_of(coordinates, i, axis.from, axis.to, axis.scale), 0.0, last);
        const auto first = static_cast<std::int64_t>(std::floor(at));
        const auto part = static_cast<float>(at - static_cast<double>(first));
        float* row = weights.mutable_span<float>().data() + i * axis.from;
        row[first] += 1 - part;
        row[std::min(first + 1, axis.from - 1)] += part;
    }
    const int rank = call.type(x).shape.rank();
    Ints swap;
    for (int i = 0; i < rank; ++i) swap.push_back(i);
    std::swap(swap[static_cast<std::size_t>(axis.axis)], swap.back());
    const bool last = axis.axis == rank - 1;
    const NodeId w = call.add_constant(fmt::format("{}.weights{}", call.name(), axis.axis), weights);
    const NodeId y = call.add(Linear{}, {last ? x : call.add(Transpose{swap}, {x}), w});
    return last ? y : call.add(Transpose{swap}, {y});
}

/// What input 2, the scales, or input 3, the sizes, asks of every axis.
std::vector<Axis> axes_of(Call& call, const std::vector<Extent>& extents) {
    const auto sizes = call.integers(3);
    const Tensor* scales = sizes ? nullptr : call.constant(2);
    const std::size_t rank = extents.size();
    if (sizes ? sizes->elements.size() != rank
              : !scales || scales->elements() != static_cast<std::int64_t>(rank))
        fail("the scales or sizes must be constant, one for each axis");
    const Tensor factors = scales ? scales->to_f32().to_aligned() : Tensor();
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < rank; ++i) {
        if (sizes ? sizes->elements[i] == extents[i] : factors.span<float>()[i] == 1.0f) continue;
        const double factor = sizes ? 0 : static_cast<double>(factors.span<float>()[i]);
        if (!extents[i].known() || (sizes && !sizes->elements[i].known()))
            fail("the batch cannot be resized");
        const std::int64_t from = extents[i].constant;
        if (!sizes && !(factor > 0 && factor < static_cast<double>(kMostExtent)))
            fail("a scale of {} is not supported", factor);
        const std::int64_t to =
            sizes ? sizes->elements[i].constant
                  : static_cast<std::int64_t>(std::floor(static_cast<double>(from) * factor));
        if (from < 1 || to < 1 || from > kMostExtent || to > kMostExtent)
            fail("an extent of {} cannot become {}", from, to);
        const double scale = sizes ? static_cast<double>(to) / static_cast<double>(from) : factor;
        axes.push_back({static_cast<int>(i), from, to, scale});
    }
    return axes;
}

}  // namespace

/// Resize to constant sizes, by the nearest element or linear along every axis.
void parse_resize(Call& call) {
    const std::string mode = call.text("mode", "nearest");
    if (mode != "nearest" && mode != "linear") fail("the mode '{}' is not supported", mode);
    if (call.has_attribute("axes") || call.integer("antialias", 0) != 0)
        fail("'axes' and 'antialias' are not supported");
    NodeId x = call.operand(0);
    for (const Axis& axis : axes_of(call, call.graph().extents(x)))
        x = mode == "nearest" ? resized_nearest(call, x, axis) : resized_linear(call, x, axis);
    call.give(x);
}

}  // namespace espalier::formats::onnx
