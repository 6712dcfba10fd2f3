#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/units.h"
#include "datasets/processor.h"
#include "runtimes/calibration.h"
#include "runtimes/evidence.h"
#include "tensor/tensor.h"

namespace espalier::runtimes {

/// What is to be executed, and how: model x tactic x runtime x device x batch size x threads.
struct VariantSpec {
    std::string model;               ///< folder of the model
    std::string tactic = "baseline"; ///< canonical text, e.g. "global-pruning:0.5+compile"
    std::string runtime = "native";
    std::string device = "cpu";
    int batch = 1;                   ///< images per call, at least 1
    int threads = 1;                 ///< compute threads, at least 1
    OpenCalibration calibration{};   ///< for tactics that look at images; empty where there are none
};

/// What is known of a model once it is loaded, before any tactic.
struct ModelInfo {
    std::string name;                 ///< last component of the folder, e.g. "vit-mini"
    std::string architecture;         ///< model_type, or "onnx"
    std::string sha256;               ///< over the content of weights and configuration
    std::vector<std::string> labels;  ///< class index -> label; index names where the model has none
    datasets::ProcessorConfig processor;  ///< preprocessing the model expects
    int channels = 3;                 ///< of the input tensor [batch, channels, height, width]
    int height = 0;
    int width = 0;
    int classes = 0;                  ///< width of the logits
};

/// One variant being prepared and executed. Call order: load (by Runtime), optimize, run any number of times.
class Instance {
  public:
    virtual ~Instance() = default;

    virtual const ModelInfo& info() const = 0;

    /// Applies the tactic and makes the variant ready to run. Called once, timed by the caller as the cost of
    /// the optimization, calibration included. Throws Error when the tactic does not apply to this model or lacks
    /// the calibration images it looks at.
    virtual void optimize() = 0;

    /// pixel_values f32 [n, channels, height, width], 1 <= n <= batch  ->  logits f32 [n, classes].
    /// Returns when the result is complete. The returned tensor stays valid until the next call.
    virtual Tensor run(const Tensor& pixel_values) = 0;

    /// What really happened; valid after optimize().
    virtual Evidence evidence() const = 0;
};

/// Something that executes models. Implementations: native/ (our engine); others run out of process.
class Runtime {
  public:
    virtual ~Runtime() = default;
    virtual std::string name() const = 0;
    virtual std::string version() const = 0;
    /// Reads and checks the whole model. Throws Error naming the file and what is wrong with it.
    virtual std::unique_ptr<Instance> load(const VariantSpec& spec) = 0;
};

/// The runtime called `name` ("native"). Throws a usage Error with a suggestion for any other name.
std::unique_ptr<Runtime> make_runtime(const std::string& name);

}  // namespace espalier::runtimes
