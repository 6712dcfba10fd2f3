#include "models/traps.h"

#include <fmt/format.h>

namespace espalier::models {
namespace {

using datasets::Filter;
using datasets::ProcessorConfig;

using Traps = std::vector<std::string>;

void note_geometry(const ProcessorConfig& processor, Traps& traps) {
    if (!processor.resize) return;
    if (!processor.shortest_edge && !processor.crop) {
        traps.push_back(
            fmt::format("This checkpoint's processor warps images to {} x {} pixels, whatever their shape; "
                        "published figures are usually made with a centre crop.",
                        processor.resize_extent.height, processor.resize_extent.width));
    }
    if (processor.filter == Filter::kNearest) {
        traps.emplace_back("This checkpoint's processor resizes by nearest neighbour, which aliases.");
    }
}

void note_size(const Model& model, std::optional<Pixels> configured, Traps& traps) {
    if (!configured || *configured == Pixels{model.height(), model.width()}) return;
    const double ratio = static_cast<double>(model.height() * model.width()) /
                         static_cast<double>(configured->height * configured->width);
    traps.push_back(
        fmt::format("The processor makes images of {} x {} pixels, but the network was configured for {} x "
                    "{}: {:.2g} times the pixels, with their cost.",
                    model.height(), model.width(), configured->height, configured->width, ratio));
}

void note_values(const ProcessorConfig& processor, Traps& traps) {
    if (processor.divide_by_std_again) {
        traps.emplace_back(
            "This checkpoint's processor divides by the standard deviation twice (include_top).");
    }
    if (processor.flip_channels)
        traps.emplace_back("This network takes its channels in the order blue, green, red.");
    if (!processor.normalize)
        traps.emplace_back("This network takes values from 0 to 1, without normalization.");
}

void note_labels(const Model& model, Traps& traps) {
    if (model.classes() != 1001) return;
    traps.emplace_back(
        "Class 0 of 1001 is the background, so that class i of ImageNet is number i + 1 here; label your "
        "images accordingly.");
}

}  // namespace

std::vector<std::string> traps_of(const Model& model, std::optional<Pixels> configured) {
    Traps traps;
    note_geometry(model.processor, traps);
    note_size(model, configured, traps);
    note_values(model.processor, traps);
    note_labels(model, traps);
    return traps;
}

}  // namespace espalier::models
