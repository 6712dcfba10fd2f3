#include <algorithm>
#include <cstdlib>

#include "datasets/preprocess.h"
#include "fuzzer.h"

namespace espalier {
namespace {

/// Pixels of one image, if the processor makes it neither huge nor of a size that the model would have to
/// tell.
void apply(const datasets::ProcessorConfig& config) {
    datasets::Extent size = config.crop.value_or(config.resize_extent);
    if (config.shortest_edge && !config.crop) size = {*config.shortest_edge, *config.shortest_edge};
    if (!config.resize && !config.crop) size = {5, 7};
    constexpr int kMostPixels = 256;
    const int resized =
        config.shortest_edge.value_or(std::max(config.resize_extent.height, config.resize_extent.width));
    if (std::max({size.height, size.width, resized}) > kMostPixels) return;
    datasets::Image image = datasets::Image::make(5, 7, 3);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 37);
    datasets::preprocess(image, config, 3, size.height, size.width);
}

}  // namespace
}  // namespace espalier

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace espalier;
    return fuzz::refuse_or_accept([&] {
        const auto config = datasets::parse_processor(fuzz::text_of(data, size), "input", "vit");
        // What is written must be readable: exported models keep their processor this way.
        datasets::ProcessorConfig again;
        try {
            again = datasets::parse_processor(datasets::to_json_text(config), "written", "");
        } catch (const Error&) {
            std::abort();
        }
        apply(again);
    });
}
