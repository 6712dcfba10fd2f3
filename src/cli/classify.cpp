#include <algorithm>
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "cli/command.h"
#include "cli/packed_files.h"
#include "cli/variant_options.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "lab/evaluation.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct ClassifyOptions {
    VariantOptions variant;
    std::vector<std::string> images;
    int top = 5;
    std::string packed_weights = "auto";
};

datasets::Image read_image(const std::string& path) {
    const auto file = MappedFile::open(path);
    const auto bytes = file->bytes();
    return datasets::decode({path, 0, std::vector<std::byte>(bytes.begin(), bytes.end())});
}

/// Probability of each class: the softmax of the logits.
std::vector<double> probabilities(std::span<const float> logits) {
    const double top = *std::max_element(logits.begin(), logits.end());
    std::vector<double> result;
    double sum = 0;
    for (const float logit : logits) sum += result.emplace_back(std::exp(static_cast<double>(logit) - top));
    for (double& p : result) p /= sum;
    return result;
}

json classify_one(runtimes::NativeInstance& instance, const datasets::Preprocessor& preprocessor,
                  const std::string& path, int top) {
    const auto& info = instance.info();
    Tensor pixels = Tensor::allocate(DType::kF32, {1, info.channels, info.height, info.width});
    preprocessor.run(read_image(path), pixels.mutable_span<float>());
    const Tensor logits = instance.run(pixels);
    const auto p = probabilities(logits.span<float>());
    json classes = json::array();
    for (const auto index : lab::largest(logits.span<float>(), top)) {
        const auto i = static_cast<std::size_t>(index);
        classes.push_back({{"class", index}, {"label", info.labels[i]}, {"probability", p[i]}});
    }
    return {{"image", path}, {"classes", classes}};
}

void print_text(const json& result, const Globals& globals) {
    const auto path = result["image"].get<std::string>();
    if (globals.plain) {
        const auto& best = result["classes"][0];
        fmt::print("{}\t{}\t{}\t{:.6f}\n", path, best["class"].get<int>(), best["label"].get<std::string>(),
                   best["probability"].get<double>());
        return;
    }
    fmt::print("{}\n", path);
    for (const auto& row : result["classes"]) {
        fmt::print("  {:>6.2f} %  {}\n", 100 * row["probability"].get<double>(),
                   row["label"].get<std::string>());
    }
}

/// For the next start, when the answers are out. That one can do without.
void keep_packed_weights(engine::Session& session) {
    try {
        if (const auto file = session.keep_packed_weights()) {
            log::info(
                "packed weights are kept in {} ({} MB): later starts are faster, --packed-weights off does without",
                file->string(), std::filesystem::file_size(*file) / 1'000'000);
        }
    } catch (const Error& error) {
        log::warn("packed weights are not kept, and the next start is as slow: {}", error.what());
    }
}

/// Goes on after a damaged image, so that one bad file does not cost the rest; the exit code then is 5.
void classify(const ClassifyOptions& options, const Globals& globals, int& exit_code) {
    const auto instance = make_instance(options.variant, globals,
                                        {.evidence = false, .packed_weights = options.packed_weights});
    const auto& info = instance->info();
    const datasets::Preprocessor preprocessor(info.processor, info.channels, info.height, info.width);
    json results = json::array();
    std::size_t failures = 0;
    for (const auto& path : options.images) {
        try {
            const json result = classify_one(*instance, preprocessor, path, options.top);
            if (globals.json) {
                results.push_back(result);
            } else {
                print_text(result, globals);
            }
        } catch (const Error& error) {
            if (options.images.size() == 1) throw;
            log::write(log::Level::kError, error.what());
            ++failures;
        }
    }
    if (globals.json) {
        const json document = {{"schema", "espalier.classify/1"}, {"model", info.name}, {"results", results}};
        fmt::print("{}\n", document.dump());
    }
    std::fflush(stdout);
    keep_packed_weights(instance->session());
    if (failures == options.images.size()) fail("none of the {} images could be classified", failures);
    if (failures > 0) exit_code = 5;
}

}  // namespace

void add_classify(CLI::App& app, Globals& globals, int& exit_code) {
    auto options = std::make_shared<ClassifyOptions>();
    CLI::App* command =
        app.add_subcommand("classify", "Images to labels, with a model or an exported variant");
    command->group("Use");
    add_variant_options(*command, options->variant, 1);
    add_autotune_option(*command, options->variant);
    command->add_option("images", options->images, "JPEG or PNG files")->required();
    add_packed_weights_option(*command, options->packed_weights);
    command->add_option("--top", options->top, "Classes to show")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->footer("Example: espalier classify --model vit-int8/ photo.jpg");
    command->callback([options, &globals, &exit_code] { classify(*options, globals, exit_code); });
}

}  // namespace espalier::cli
