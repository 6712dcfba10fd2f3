#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/runtime_access.h"
#include "lab/calibration.h"
#include "runtimes/native/native.h"

namespace CLI {
class App;
}

namespace espalier::cli {

/// The options by which bench, evaluate, classify and export name what they execute.
struct VariantOptions {
    std::string model;
    std::string tactic = "baseline";
    int batch = 1;
    int threads = 0;  ///< 0: all processors this process may use
    std::optional<std::uint64_t> random_weights;
    /// Of the tactics that look at images. The option gives the path; a command that evaluates adds its data,
    /// from which they are taken without a path.
    lab::CalibrationSettings calibration;
    bool noise_will_do = false;  ///< without both they look at seeded noise, since no answer counts
    bool autotune = false;       ///< kernels are chosen by measurement
    bool hash = false;           ///< read all weights once to say later which model it was
};

/// Adds --model, --tactic, --calibration, --batch and --threads to a command.
void add_variant_options(CLI::App& command, VariantOptions& options, int default_batch);

/// Adds --autotune to a command that executes.
void add_autotune_option(CLI::App& command, VariantOptions& options);

/// A variant that is ready to run, on whatever runtime.
struct AnyVariant {
    std::unique_ptr<runtimes::Runtime> runtime;  ///< outlives the instance
    std::unique_ptr<runtimes::Instance> instance;
    runtimes::NativeInstance* native = nullptr;  ///< the same instance where it is one of ours
    std::string tactic;                          ///< canonical
};

/// The options by which a command names another runtime than ours.
struct AnyRuntimeOptions {
    std::string runtime = "native";
    std::string device = "cpu";
    RuntimeOptions access;
};

/// Adds --runtime, --device, --python and --worker to a command.
void add_any_runtime_options(CLI::App& command, AnyRuntimeOptions& options);

/// As make_instance(), on any runtime. Throws a usage Error where that does not have the variant.
AnyVariant make_variant(const VariantOptions& options, const AnyRuntimeOptions& runtime,
                        const Globals& globals);

/// How make_instance() makes one.
struct InstanceOptions {
    bool keep_graphs = false;  ///< runtimes::NativeInstance::Options, as the next
    bool evidence = true;
    std::string packed_weights = "off";  ///< cli/packed_files.h
};

/// Loads the model and applies the tactic; warns where it was calibrated on images that are evaluated. Throws
/// Error as model_path(), load_model() and the tactics do.
std::unique_ptr<runtimes::NativeInstance> make_instance(const VariantOptions& options, const Globals& globals,
                                                        const InstanceOptions& how = {});

}  // namespace espalier::cli
