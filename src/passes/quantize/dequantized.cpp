#include "passes/quantize/dequantized.h"

#include <cmath>

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// The numbers of a constant, repeated to `count` where it has one; empty where it has another number of
/// them.
std::vector<double> numbers(const Tensor& tensor, std::int64_t count) {
    const Tensor floats = tensor.to_f32().to_aligned();
    const auto span = floats.span<float>();
    if (floats.elements() == 1) return std::vector<double>(static_cast<std::size_t>(count), span[0]);
    if (floats.elements() != count) return {};
    return {span.begin(), span.end()};
}

/// Scales and zero points of a DequantizeLinear of a constant, for each index of axis 0.
struct Maps {
    std::vector<double> scales;
    std::vector<double> zeros;
};
std::optional<Maps> maps_of(const Graph& graph, NodeId id) {
    const auto* op = graph.as<DequantizeLinear>(id);
    if (!op) return std::nullopt;
    const auto& inputs = graph[id].inputs;
    const Tensor* scale = graph.constant(inputs[1]);
    const NodeId zero_id = input_of(graph, id, 2);
    const Tensor* zero = graph.constant(zero_id);
    const Shape& shape = graph.type(id).shape;
    if (!scale || (zero_id != NodeId::kNone && !zero) || shape.rank() < 1) return std::nullopt;
    if (scale->elements() > 1 && op->axis != 0 && op->axis != -shape.rank()) return std::nullopt;
    Maps maps{numbers(*scale, shape[0]), std::vector<double>(static_cast<std::size_t>(shape[0]), 0)};
    if (zero) maps.zeros = numbers(*zero, shape[0]);
    if (maps.scales.empty() || maps.zeros.empty()) return std::nullopt;
    return maps;
}

/// The codes less their zero points, as floats.
Tensor centred(const Tensor& codes, const std::vector<double>& zeros) {
    Tensor result = codes.to_f32().clone();
    const auto values = result.mutable_span<float>();
    const std::size_t inner = values.size() / zeros.size();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= static_cast<float>(zeros[i / inner]);
    return result;
}

std::optional<Tensor> as_s8(const Tensor& whole) {
    const auto values = whole.span<float>();
    std::vector<std::int8_t> codes;
    codes.reserve(values.size());
    for (const float value : values) {
        if (value < -128 || value > 127) return std::nullopt;
        codes.push_back(static_cast<std::int8_t>(value));
    }
    return Tensor::of<std::int8_t>(whole.shape(), codes);
}

}  // namespace

std::optional<DequantizedActivation> dequantized_activation(const Graph& graph, NodeId id) {
    if (!graph.as<DequantizeLinear>(id)) return std::nullopt;
    const auto& inputs = graph[id].inputs;
    const auto scale = scalar_constant(graph, inputs[1]);
    const NodeId zero_id = input_of(graph, id, 2);
    const Tensor* zero = graph.constant(zero_id);
    const DType dtype = graph.type(inputs[0]).dtype;
    if (!scale || graph.constant(inputs[0]) || (dtype != DType::kU8 && dtype != DType::kI8))
        return std::nullopt;
    if (zero_id != NodeId::kNone && (!zero || zero->elements() != 1)) return std::nullopt;
    return DequantizedActivation{inputs[0], *scale,
                                 zero ? static_cast<std::int64_t>(numbers(*zero, 1)[0]) : 0};
}

std::optional<DequantizedWeights> dequantized_weights(const Graph& graph, NodeId id) {
    const auto maps = maps_of(graph, id);
    const Tensor* codes = maps ? graph.constant(graph[id].inputs[0]) : nullptr;
    if (!codes || codes->elements() == 0) return std::nullopt;
    DequantizedWeights weights{centred(*codes, maps->zeros), std::nullopt, maps->scales};
    weights.as_s8 = as_s8(weights.codes);
    return weights;
}

std::optional<std::vector<float>> in_units_of(const Graph& graph, NodeId id,
                                              const std::vector<float>& units) {
    const auto count = static_cast<std::int64_t>(units.size());
    if (graph.type(id).shape != Shape{count}) return std::nullopt;
    const auto maps = maps_of(graph, id);
    const Tensor* codes = graph.constant(maps ? graph[id].inputs[0] : id);
    if (!codes) return std::nullopt;
    std::vector<float> result;
    const Tensor values = maps ? centred(*codes, maps->zeros) : codes->to_f32();
    for (std::size_t i = 0; i < units.size(); ++i) {
        const double scale = maps ? maps->scales[i] : 1.0;
        const bool is_unit = std::fabs(scale - units[i]) <= 1e-5 * units[i];
        const double value = values.span<float>()[i];
        if (!is_unit && !(units[i] > 0)) return std::nullopt;
        result.push_back(static_cast<float>(is_unit ? value : value * scale / units[i]));
    }
    return result;
}

}  // namespace espalier::passes
