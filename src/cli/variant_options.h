#pragma once

#include <optional>
#include <memory>
#include <string>

#include "cli/command.h"
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
    bool hash = false;  ///< read all weights once to say later which model it was
};

/// Adds --model, --tactic, --batch and --threads to a command.
void add_variant_options(CLI::App& command, VariantOptions& options, int default_batch);

/// Loads the model and applies the tactic. Throws Error as model_path(), load_model() and the tactics do.
std::unique_ptr<runtimes::NativeInstance> make_instance(const VariantOptions& options, const Globals& globals);

}  // namespace espalier::cli
