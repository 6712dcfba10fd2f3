#include "engine/lower/products.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "engine/lower/lower.h"
#include "kernels/winograd/winograd.h"

namespace espalier::engine {
namespace {

using graph::Graph;
using graph::NodeId;

constexpr std::array<std::pair<Product, std::string_view>, 4> kNames{{{Product::kDense, "dense"},
                                                                      {Product::kWinograd2, "winograd_2x2"},
                                                                      {Product::kWinograd4, "winograd_4x4"},
                                                                      {Product::kSparse, "sparse"}}};

constexpr double kLeastZeros = 0.1;

/// Groups of the layers that sparse kernels know, 0 for other ops.
std::int64_t groups_of(const graph::Op& op) {
    if (const auto* conv = std::get_if<graph::Conv2d>(&op)) return conv->groups;
    if (const auto* conv = std::get_if<graph::QuantizedConv2d>(&op)) return conv->groups;
    return std::holds_alternative<graph::Linear>(op) || std::holds_alternative<graph::QuantizedLinear>(op)
               ? 1
               : 0;
}

bool can_filter(const Graph& graph, NodeId id, const LoweringOptions& options) {
    const auto* conv = graph.as<graph::Conv2d>(id);
    if (!conv || !options.winograd) return false;
    const NodeId weights = graph[id].inputs[1];
    return graph.type(weights).dtype == DType::kF32 &&
           kernels::winograd_applies(conv2d_shape(*conv, graph.type(weights).shape));
}

}  // namespace

std::string_view name(Product product) {
    for (const auto& [value, text] : kNames) {
        if (value == product) return text;
    }
    return "";
}

Product parse_product(std::string_view text) {
    for (const auto& [value, known] : kNames) {
        if (known == text) return value;
    }
    fail("'{}' is no way to compute products", text);
}

std::vector<Product> products_of(const Graph& graph, NodeId id, const LoweringOptions& options) {
    const std::int64_t groups = groups_of(graph[id].op);
    const Tensor* weights = groups > 0 ? graph.constant(graph[id].inputs[1]) : nullptr;
    if (!weights || weights->elements() == 0) return {};
    std::vector<Product> products{Product::kDense};
    if (can_filter(graph, id, options)) {
        products.push_back(Product::kWinograd2);
        products.push_back(Product::kWinograd4);
    }
    const auto all = static_cast<double>(weights->elements());
    if (options.sparse && groups == 1 && static_cast<double>(count_zeros(*weights)) >= kLeastZeros * all)
        products.push_back(Product::kSparse);
    return products;
}

}  // namespace espalier::engine
