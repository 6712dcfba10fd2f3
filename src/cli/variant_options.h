#pragma once

#include <optional>
#include <memory>
#include <string>

#include "cli/command.h"
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
    /// Of the tactics that look at images. The option gives the path; a command that evaluates adds its data, from
    /// which they are taken without a path.
    lab::CalibrationSettings calibration;
    bool noise_will_do = false;  ///< without both they look at seeded noise, since no answer counts
    bool hash = false;           ///< read all weights once to say later which model it was
};

/// Adds --model, --tactic, --calibration, --batch and --threads to a command.
void add_variant_options(CLI::App& command, VariantOptions& options, int default_batch);

/// Loads the model and applies the tactic; warns where it was calibrated on images that are evaluated. Throws Error as model_path(), load_model() and the tactics do.
std::unique_ptr<runtimes::NativeInstance> make_instance(const VariantOptions& options, const Globals& globals);

}  // namespace espalier::cli
