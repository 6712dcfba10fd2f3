#include "fuzzer.h"
#include "models/architecture.h"

namespace espalier {
namespace {

/// Zeros of any shape that is asked for, as long as the whole network stays small.
class ZeroWeights : public models::WeightSource {
  protected:
    Tensor read(const std::string& name, const Shape& shape, models::Role) override {
        constexpr std::int64_t kMostElements = 1 << 22, kMostPairs = 1 << 26;
        const bool fits = shape.elements() <= kMostElements &&
                          (elements_ += shape.elements()) <= kMostElements &&
                          (pairs_ += pairs(name, shape)) <= kMostPairs;
        if (!fits) fail("'{}' makes the network larger than is fuzzed", name);
        return Tensor::allocate(DType::kF32, shape);
    }

  private:
    /// A table of biases, one row for each offset of two tokens, becomes one for each pair of tokens.
    static std::int64_t pairs(const std::string& name, const Shape& shape) {
        if (!name.ends_with("relative_position_bias_table") || shape.rank() != 2) return 0;
        const std::int64_t tokens = shape[0] / 4 + 1;
        return tokens * tokens * shape[1];
    }

    std::int64_t elements_ = 0;
    std::int64_t pairs_ = 0;
};

void build(std::string_view text) {
    const models::Config config(text, "input");
    const auto* architecture = models::find_architecture(config.text("model_type", ""));
    if (!architecture) return;
    const auto labels = config.labels();
    const models::Pixels size = architecture->image_size(config);
    graph::Graph graph;
    ZeroWeights weights;
    const std::int64_t channels = config.integer("num_channels", 3, {1, 1024});
    const auto pixels =
        graph.add_input("pixel_values", {DType::kF32, {1, channels, size.height, size.width}});
    const auto classes = static_cast<std::int64_t>(labels ? labels->size() : 2);
    graph.set_output(architecture->build(config, models::Scope(graph, weights), pixels, classes));
    graph::verify(graph);
}

}  // namespace
}  // namespace espalier

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] { build(fuzz::text_of(data, size)); });
}
