#include "passes/quantize/static.h"

#include <algorithm>

#include "passes/match.h"
#include "passes/quantize/integer_layers.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Appends what a convolution adds to its sums where another convolution makes it, as in a block of a
/// residual network whose shortcut is a projection: it is handed on in codes too.
void append_shortcuts(const Graph& graph, const std::vector<IntegerLayer>& layers,
                      std::vector<NodeId>& values) {
    for (const IntegerLayer& layer : layers) {
        const NodeId shortcut = graph.as<Conv2d>(layer.id) ? input_of(graph, layer.id, 3) : NodeId::kNone;
        const auto makes_it = [&](const IntegerLayer& other) { return other.id == shortcut; };
        if (shortcut != NodeId::kNone && graph.as<Conv2d>(shortcut) &&
            std::any_of(layers.begin(), layers.end(), makes_it))
            values.push_back(shortcut);
    }
}

/// Tells the range of each value that the layers read from what is observed.
Affines observed_affines(const Graph& graph, const std::vector<IntegerLayer>& layers, const RangeRule& rule,
                         Observer& observer) {
    std::vector<NodeId> values;
    for (const IntegerLayer& layer : layers) values.push_back(graph[layer.id].inputs[0]);
    append_shortcuts(graph, layers, values);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::vector<ValueHistogram> histograms(values.size());
    observer.observe(graph, values,
                     [&](std::size_t i, std::span<const float> seen) { histograms[i].add(seen); });
    Affines affines;
    for (std::size_t i = 0; i < values.size(); ++i) {
        affines[values[i]] = kernels::choose_affine_u8(activation_range(histograms[i], rule));
    }
    return affines;
}

/// A graph that computes for each image, beside what the original does, the mean over all positions of each
/// output channel of every layer: of its sums in f32, then of those in integers.
class MeansGraph {
  public:
    MeansGraph(const Graph& graph, const std::vector<IntegerLayer>& layers, const Affines& affines)
        : rewriter_(graph), integer_(rewriter_, affines), layers_(layers) {}

    /// Its output is f32 [batch, means], layer by layer.
    Graph build() {
        const Graph& from = rewriter_.from();
        auto layer = layers_.begin();
        for (int i = 0; i < from.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            rewriter_.keep(id);
            if (layer == layers_.end() || layer->id != id) continue;
            add_means(add_float_sums(id));
            add_means(integer_.add_sums(*layer++));
        }
        Graph& out = rewriter_.out();
        out.set_output(out.add(Concat{1}, means_, "means"));
        return without_dead_nodes(out);
    }

  private:
    NodeId add_float_sums(NodeId id) {
        const Node& node = rewriter_.from()[id];
        const std::vector<NodeId> inputs{rewriter_[node.inputs[0]], rewriter_[node.inputs[1]]};
        if (const auto* conv = rewriter_.from().as<Conv2d>(id)) {
            Conv2d plain = *conv;
            plain.activation = {};
            return rewriter_.out().add(plain, inputs, node.name + ".float");
        }
        return rewriter_.out().add(Linear{}, inputs, node.name + ".float");
    }

    /// A convolution's sums are [n, channels, h, w]. A linear layer has its channels last; axis 0 of what it
    /// takes need not be the batch, as where an image was cut into windows.
    void add_means(NodeId sums) {
        Graph& out = rewriter_.out();
        const std::string name = out[sums].name + ".mean";
        const Shape shape = out.type(sums).shape;
        if (out.as<Conv2d>(sums) || out.as<IntegerConv2d>(sums)) {
            means_.push_back(out.add(Reduce{ReduceKind::kMean, {2, 3}, false}, {sums}, name));
            return;
        }
        const std::int64_t batch = out.type(out.input()).shape[0];
        const std::int64_t positions = shape.elements() / shape.back() / batch;
        const NodeId rows = out.add(Reshape{{-1, positions, shape.back()}}, {sums}, name + ".rows");
        means_.push_back(out.add(Reduce{ReduceKind::kMean, {1}, false}, {rows}, name));
    }

    Rewriter rewriter_;
    IntegerLayers integer_;
    const std::vector<IntegerLayer>& layers_;
    std::vector<NodeId> means_;
};

/// Fills in the mean error of every layer. Errors are those on what the float network feeds the layer, so
/// that each layer makes up for its own and none for another's.
void observe_errors(const Graph& graph, const Affines& affines, Observer& observer,
                    std::vector<IntegerLayer>& layers) {
    const Graph means = MeansGraph(graph, layers, affines).build();
    const NodeId output[] = {means.output()};
    std::vector<double> sums(static_cast<std::size_t>(means.type(means.output()).shape[1]), 0.0);
    std::int64_t images = 0;
    observer.observe(means, output, [&](std::size_t, std::span<const float> rows) {
        for (std::size_t i = 0; i < rows.size(); ++i) sums[i % sums.size()] += rows[i];
        images += static_cast<std::int64_t>(rows.size() / sums.size());
    });
    if (images == 0) return;
    std::size_t at = 0;
    for (IntegerLayer& layer : layers) {
        const std::size_t channels = layer.scales.size();
        for (std::size_t o = 0; o < channels; ++o, ++at) {
            layer.error.push_back((sums[at] - sums[at + channels]) / static_cast<double>(images));
        }
        at += channels;
    }
}

}  // namespace

Graph quantize_statically(const Graph& graph, const RangeRule& rule, Observer& observer, Change& change) {
    std::vector<IntegerLayer> layers = integer_layers_of(graph);
    if (layers.empty()) return graph;
    const Affines affines = observed_affines(graph, layers, rule, observer);
    observe_errors(graph, affines, observer, layers);
    Rewriter rewriter(graph);
    IntegerLayers integer(rewriter, affines);
    auto layer = layers.begin();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (layer == layers.end() || layer->id != id) {
            rewriter.keep(id);
            continue;
        }
        rewriter.replace(id, integer.add(*layer++));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
