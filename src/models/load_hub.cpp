#include <fmt/ranges.h>

#include <set>

#include "base/error.h"
#include "models/architecture.h"
#include "models/checkpoint.h"
#include "models/loaders.h"
#include "models/traps.h"

namespace espalier::models {
namespace {

const Architecture& architecture_of(const Folder& folder) {
    if (!folder.config) fail("{} has no config.json", folder.path.string());
    const std::string type = folder.model_type();
    if (const Architecture* found = find_architecture(type)) return *found;
    std::vector<std::string_view> known;
    for (const Architecture& architecture : architectures()) known.push_back(architecture.model_type);
    fail(
        "{}: the model_type '{}' is not supported. Supported are {}; any other model loads from an ONNX "
        "export named model.onnx beside it",
        folder.config->source(), type, fmt::join(known, ", "));
}

/// A head of another width than the labels is told in terms of labels, before any tensor is looked at.
void check_head(const Folder& folder, const Architecture& architecture, const formats::TensorMap& tensors,
                std::size_t labels, bool declared) {
    const auto head = tensors.find(fmt::format("{}.weight", architecture.head));
    if (head == tensors.end() || head->second.shape().rank() != 2) return;
    const std::int64_t classes = head->second.shape()[0];
    if (classes == static_cast<std::int64_t>(labels)) return;
    if (!declared) {
        fail("{} has no id2label, which means {} classes, but the weights classify into {}",
             folder.config->source(), labels, classes);
    }
    fail("{}: id2label has {} labels, but the weights classify into {}", folder.config->source(), labels,
         classes);
}

void note_unnamed(Model& model, const Config& config) {
    if (config.has("id2label") || config.has("label_names")) return;
    model.notes.emplace_back("config.json has no names of the classes, so they are numbered.");
}

void note_unused(Model& model, const std::vector<std::string>& unused) {
    if (unused.empty()) return;
    constexpr std::size_t kShown = 3;
    const auto shown = std::min(unused.size(), kShown);
    model.notes.push_back(
        fmt::format("The network does not use {} of the file's tensors: {}{}.", unused.size(),
                    fmt::join(unused.begin(), unused.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                    unused.size() > shown ? ", ..." : ""));
}

/// Of the images; timm's form of the file has them among the arguments of the network.
std::int64_t channels_of(const Config& config) {
    constexpr Limits kLimits{1, 1024};
    return config.integer("num_channels", config.object("model_args").integer("in_chans", 3, kLimits),
                          kLimits);
}

}  // namespace

Model load_hub(const Folder& folder, const LoadOptions& options, std::vector<std::string>& files) {
    const Architecture& architecture = architecture_of(folder);
    const Config& config = *folder.config;
    const Pixels standard = architecture.image_size(config);
    Model model;
    model.architecture = architecture.model_type;
    model.processor = read_processor(folder, standard);
    const Pixels size = size_of(model.processor).value_or(standard);
    const auto declared = config.labels();
    model.labels = declared.value_or(std::vector<std::string>{"LABEL_0", "LABEL_1"});
    note_unnamed(model, config);

    std::unique_ptr<WeightSource> weights;
    const CheckpointWeights* checkpoint = nullptr;
    if (options.random_weights) {
        weights = std::make_unique<RandomWeights>(*options.random_weights);
        model.notes.push_back(fmt::format("The weights are random (seed {}).", *options.random_weights));
    } else if (options.blank_weights) {
        weights = std::make_unique<BlankWeights>();
        model.notes.push_back("No weights were read: this is what config.json alone says.");
    } else {
        Checkpoint found = read_checkpoint(folder);
        files.insert(files.end(), found.files.begin(), found.files.end());
        model.notes = std::move(found.notes);
        auto read = std::make_unique<CheckpointWeights>(std::move(found.tensors), folder.path.string());
        check_head(folder, architecture, read->tensors(), model.labels.size(), declared.has_value());
        checkpoint = read.get();
        weights = std::move(read);
    }
    const std::int64_t channels = channels_of(config);
    const auto pixels =
        model.graph.add_input("pixel_values", {DType::kF32, {1, channels, size.height, size.width}});
    const Scope root(model.graph, *weights);
    model.graph.set_output(
        architecture.build(config, root, pixels, static_cast<std::int64_t>(model.labels.size())));
    model.parameters = weights->parameters();
    if (folder.has(kProcessorFile)) {
        const auto traps = traps_of(model, config.has("image_size") ? std::optional(standard) : std::nullopt);
        model.notes.insert(model.notes.end(), traps.begin(), traps.end());
    }
    if (checkpoint) note_unused(model, checkpoint->unused());
    return model;
}

}  // namespace espalier::models
