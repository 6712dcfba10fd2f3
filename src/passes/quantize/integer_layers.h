#pragma once

#include <map>
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "kernels/quantize/affine.h"

namespace espalier::passes {

/// A convolution or linear layer in f32 that is to run in integers.
struct IntegerLayer {
    graph::NodeId id;
    Tensor codes;               ///< of its weights: s8, with their shape
    std::vector<float> scales;  ///< of the codes, one for each output channel
    /// Mean of its sums in f32 less those in integers; empty before it was observed
    std::vector<double> error;
};

/// The layers of a graph that quantize_statically() takes on, their weights quantized.
std::vector<IntegerLayer> integer_layers_of(const graph::Graph& graph);

/// The maps to u8 of the values that such layers read, and of others that they are to hand on in codes.
using Affines = std::map<graph::NodeId, kernels::Affine>;

/// Adds integer layers to the graph that a rewriter builds, and in front of them the quantization of what
/// they read. Rewriter and maps outlive it.
class IntegerLayers {
  public:
    IntegerLayers(graph::Rewriter& rewriter, const Affines& affines)
        : rewriter_(rewriter), affines_(affines) {}

    /// The whole layer; the error is added to its bias.
    graph::NodeId add(const IntegerLayer& layer);

    /// Its sums alone, without bias, residual and activation.
    graph::NodeId add_sums(const IntegerLayer& layer);

  private:
    const kernels::Affine& affine(const IntegerLayer& layer) const;
    graph::NodeId codes_of(graph::NodeId value);
    std::vector<graph::NodeId> operands(const IntegerLayer& layer);
    /// What a convolution adds is read as codes where it has a map: a network of convolutions then hands on
    /// nothing else. What runs along a transformer stays in f32; there, single
    /// values are larger than the rest by orders of magnitude.
    graph::NodeId residual_of(const IntegerLayer& layer, graph::NodeId value);
    std::optional<Tensor> corrected_bias(const IntegerLayer& layer) const;

    graph::Rewriter& rewriter_;
    const Affines& affines_;
    std::map<graph::NodeId, graph::NodeId> codes_;  ///< value -> it as u8: quantized once for all its readers
};

}  // namespace espalier::passes
