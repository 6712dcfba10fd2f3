#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/units.h"
#include "datasets/processor.h"
#include "runtimes/calibration.h"
#include "runtimes/evidence.h"
#include "tensor/tensor.h"

namespace espalier::runtimes {

/// A device as runtimes list it: "cuda" is the first GPU, "cuda:0".
inline std::string canonical_device(const std::string& name) { return name == "cuda" ? "cuda:0" : name; }

/// What is to be executed, and how: model x tactic x runtime x device x batch size x threads.
struct VariantSpec {
    std::string model;                ///< folder of the model
    std::string tactic = "baseline";  ///< canonical text, e.g. "global-pruning:0.5+compile"
    std::string runtime = "native";
    std::string device = "cpu";
    int batch = 1;                  ///< images per call, at least 1
    int threads = 1;                ///< compute threads, at least 1
    OpenCalibration calibration{};  ///< for tactics that look at images; empty where there are none
    std::string cache{};  ///< folder for forms of the model that are made from it; empty: a temporary one
};

/// What is known of a model once it is loaded, before any tactic.
struct ModelInfo {
    std::string name;                     ///< last component of the folder, e.g. "vit-mini"
    std::string architecture;             ///< model_type, or "onnx"
    std::string sha256;                   ///< over the content of weights and configuration
    std::vector<std::string> labels;      ///< class index -> label; index names where the model has none
    datasets::ProcessorConfig processor;  ///< preprocessing the model expects
    int channels = 3;                     ///< of the input tensor [batch, channels, height, width]
    int height = 0;
    int width = 0;
    int classes = 0;  ///< width of the logits
};

/// One variant being prepared and executed. Call order: load (by Runtime), optimize, run any number of times.
class Instance {
  public:
    virtual ~Instance() = default;

    virtual const ModelInfo& info() const = 0;

    /// Applies the tactic and makes the variant ready to run. Called once, timed by the caller as the cost of
    /// the optimization, calibration included. Throws Error when the tactic does not apply to this model or
    /// lacks the calibration images it looks at.
    virtual void optimize() = 0;

    /// pixel_values f32 [n, channels, height, width], 1 <= n <= batch  ->  logits f32 [n, classes].
    /// Returns when the result is complete. The returned tensor stays valid until the next call.
    virtual Tensor run(const Tensor& pixel_values) = 0;

    /// What really happened; valid after optimize().
    virtual Evidence evidence() const = 0;
};

/// Something that executes models. Implementations: native/ (our engine), worker/ (others, out of process).
class Runtime {
  public:
    virtual ~Runtime() = default;
    virtual std::string name() const = 0;
    virtual std::string version() = 0;
    /// What else decides how it executes: library -> version.
    virtual std::map<std::string, std::string> libraries() { return {}; }
    /// Why this runtime cannot have the variant, for people; empty where it can, as far as is known without
    /// loading the model. Throws Error where the runtime does not work at all.
    virtual std::string objection(const VariantSpec& spec) = 0;
    /// What is known of the model, and leaves in spec.cache the form of it that the runtime reads. Throws as
    /// load() does.
    virtual ModelInfo look(const VariantSpec& spec) = 0;
    /// Does what must be done before load() and is no part of what the variant costs: starting what executes
    /// it, importing its libraries. Throws Error where that fails.
    virtual void start(const VariantSpec&) {}
    /// Reads and checks the whole model. Throws Error naming the file and what is wrong with it.
    virtual std::unique_ptr<Instance> load(const VariantSpec& spec) = 0;
    /// The process that executes what load() gives, after start(); 0: this one.
    virtual int process() const { return 0; }
};

}  // namespace espalier::runtimes
