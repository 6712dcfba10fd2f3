#include "cli/variant_options.h"

#include <CLI/CLI.hpp>

#include "base/cpu_features.h"
#include "base/log.h"
#include "cli/model_source.h"
#include "models/load.h"
#include "tactics/tactic.h"

namespace espalier::cli {
namespace {

/// Nothing where there are no images for the tactic to look at, which then says so.
runtimes::OpenCalibration calibration_of(const VariantOptions& options, int threads) {
    const auto& settings = options.calibration;
    if (settings.path.empty() && settings.data.empty()) {
        if (!options.noise_will_do) return {};
        return [](const runtimes::ModelInfo& model) { return lab::noise_images(model, 1); };
    }
    return [settings, threads](const runtimes::ModelInfo& model) {
        return lab::preprocessed(lab::choose_calibration(settings, model.labels), model, threads);
    };
}

}  // namespace

void add_variant_options(CLI::App& command, VariantOptions& options, int default_batch) {
    options.batch = default_batch;
    command.add_option("-m,--model", options.model, kModelHelp)->required();
    command.add_option("-t,--tactic", options.tactic, "Tactic, e.g. compile+dynamic-quantization")
        ->capture_default_str();
    command.add_option("--calibration", options.calibration.path,
                       "Images for a tactic to look at: class folders, labels.csv, CIFAR .bin or IDX");
    command.add_option("-b,--batch", options.batch, "Images per call")->check(CLI::Range(1, 4096))->capture_default_str();
    command.add_option("--threads", options.threads, "Compute threads (default: all usable processors)")
        ->check(CLI::Range(1, 1024));
}

std::unique_ptr<runtimes::NativeInstance> make_instance(const VariantOptions& options, const Globals& globals) {
    runtimes::VariantSpec spec;
    spec.model = model_path(options.model, globals);
    spec.tactic = tactics::canonical(options.tactic);
    spec.batch = options.batch;
    spec.threads = options.threads > 0 ? options.threads : usable_cpus();
    spec.calibration = calibration_of(options, spec.threads);
    models::LoadOptions load;
    load.random_weights = options.random_weights;
    load.hash = options.hash;
    auto instance = std::make_unique<runtimes::NativeInstance>(models::load_model(spec.model, load), spec);
    instance->optimize();
    const auto calibration = instance->calibration();
    if (calibration && calibration->evaluated > 0) {
        log::warn("{}: {}; give other images with --calibration, or evaluate fewer with --images", spec.tactic,
                  runtimes::describe(*calibration));
    }
    return instance;
}

}  // namespace espalier::cli
