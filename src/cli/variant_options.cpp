#include "cli/variant_options.h"

#include <CLI/CLI.hpp>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/model_source.h"
#include "cli/packed_files.h"
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

runtimes::VariantSpec spec_of(const VariantOptions& options, const Globals& globals) {
    runtimes::VariantSpec spec;
    spec.model = model_path(options.model, globals);
    spec.tactic = options.tactic;
    spec.batch = options.batch;
    spec.threads = options.threads > 0 ? options.threads : usable_cpus();
    spec.calibration = calibration_of(options, spec.threads);
    return spec;
}

void warn_of_overlap(const std::string& tactic,
                     const std::optional<runtimes::CalibrationOrigin>& calibration) {
    if (!calibration || calibration->evaluated == 0) return;
    log::warn("{}: {}; give other images with --calibration, or evaluate fewer with --images", tactic,
              runtimes::describe(*calibration));
}

}  // namespace

void add_variant_options(CLI::App& command, VariantOptions& options, int default_batch) {
    options.batch = default_batch;
    command.add_option("-m,--model", options.model, kModelHelp)->required();
    command.add_option("-t,--tactic", options.tactic, "Tactic, e.g. compile+dynamic-quantization")
        ->capture_default_str();
    command.add_option("--calibration", options.calibration.path,
                       "Images for a tactic to look at: class folders, labels.csv, CIFAR .bin or IDX");
    command.add_option("-b,--batch", options.batch, "Images per call")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    command.add_option("--threads", options.threads, "Compute threads (default: all usable processors)")
        ->check(CLI::Range(1, 1024));
}

void add_autotune_option(CLI::App& command, VariantOptions& options) {
    command.add_flag(
        "--autotune", options.autotune,
        "Choose kernels by measurement where there is a choice, not by estimate; what was measured "
        "is kept for this kind of processor in $XDG_CACHE_HOME/espalier/kernels");
}

void add_any_runtime_options(CLI::App& command, AnyRuntimeOptions& options) {
    command
        .add_option("--runtime", options.runtime,
                    "What executes it: native, pytorch, onnxruntime, openvino or a --worker")
        ->capture_default_str();
    command.add_option("--device", options.device, "What the runtime executes on: cpu, cuda, ...")
        ->capture_default_str();
    add_runtime_options(command, options.access);
}

std::unique_ptr<runtimes::NativeInstance> make_instance(const VariantOptions& options, const Globals& globals,
                                                        const InstanceOptions& how) {
    runtimes::VariantSpec spec = spec_of(options, globals);
    spec.tactic = tactics::canonical(options.tactic);
    models::LoadOptions load;
    load.random_weights = options.random_weights;
    load.hash = options.hash;
    auto instance = std::make_unique<runtimes::NativeInstance>(
        models::load_model(spec.model, load), spec,
        runtimes::NativeInstance::Options{
            how.keep_graphs, how.evidence, packed_files(how.packed_weights, spec.model, globals),
            options.autotune
                ? std::filesystem::path(cache_home(environment_variable)) / "espalier" / "kernels"
                : std::filesystem::path()});
    instance->optimize();
    warn_of_overlap(spec.tactic, instance->calibration());
    return instance;
}

AnyVariant make_variant(const VariantOptions& options, const AnyRuntimeOptions& runtime,
                        const Globals& globals) {
    AnyVariant variant;
    const std::string device = runtimes::canonical_device(runtime.device);
    if (runtime.runtime == "native" && device == "cpu") {
        auto native = make_instance(options, globals);
        variant.native = native.get();
        variant.instance = std::move(native);
        variant.tactic = tactics::canonical(options.tactic);
        return variant;
    }
    if (options.random_weights) {
        fail_usage(
            "--random-weights are made by our own engine; another runtime needs a model with its weights");
    }
    if (options.autotune) fail_usage("--autotune chooses among the kernels of our own engine");
    runtimes::VariantSpec spec = spec_of(options, globals);
    spec.runtime = runtime.runtime;
    spec.device = device;
    variant.runtime = runtimes::make_runtime(runtime.runtime, runtime_access(runtime.access));
    if (const auto why = variant.runtime->objection(spec); !why.empty()) {
        fail_usage("'{}' of {} cannot be had: {}", spec.tactic, spec.model, why);
    }
    variant.runtime->start(spec);
    variant.instance = variant.runtime->load(spec);
    variant.instance->optimize();
    variant.tactic = spec.tactic;
    warn_of_overlap(spec.tactic, variant.instance->evidence().calibration);
    return variant;
}

}  // namespace espalier::cli
