#pragma once

#include "engine/session.h"
#include "graph/cost.h"
#include "models/model.h"
#include "runtimes/runtime.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {

/// Our own engine, in this process.
class NativeRuntime final : public Runtime {
  public:
    std::string name() const override { return "native"; }
    std::string version() override;
    std::string objection(const VariantSpec& spec) override;
    ModelInfo look(const VariantSpec& spec) override;
    std::unique_ptr<Instance> load(const VariantSpec& spec) override;
};

/// A loaded model, its tactic, and the engine's session on it. Gives more than Instance does: the optimized
/// graph for export, and times per step.
class NativeInstance final : public Instance {
  public:
    /// How it is made ready, which changes no result.
    struct Options {
        /// The graphs stay, and with them the weights as the model's files hold them, when the session has
        /// packed its own.
        bool keep_graphs = false;
        /// All weights are read once to count those that are zero. Without, there is no evidence.
        bool evidence = true;
        engine::PackedFiles packed;
        std::filesystem::path tuned_kernels;  ///< engine::SessionOptions
    };

    /// Throws a usage Error for an unknown tactic, a device other than "cpu", or a batch or thread count
    /// below 1.
    NativeInstance(models::Model model, const VariantSpec& spec, Options options);
    NativeInstance(models::Model model, const VariantSpec& spec)
        : NativeInstance(std::move(model), spec, Options()) {}

    const ModelInfo& info() const override { return info_; }
    void optimize() override;
    Tensor run(const Tensor& pixel_values) override;
    Evidence evidence() const override;

    /// The model as it was loaded, and what the tactic made of its graph; both valid after optimize(). Throw
    /// Error where graphs are not kept.
    const models::Model& model() const;
    const tactics::Applied& applied() const;
    engine::Session& session() { return *session_; }
    /// Where the images came from that the tactic looked at, if any; valid after optimize().
    const std::optional<CalibrationOrigin>& calibration() const { return calibration_; }

  private:
    tactics::Applied apply_tactic();

    models::Model model_;
    VariantSpec spec_;
    Options options_;
    std::vector<tactics::Part> tactic_;
    ModelInfo info_;
    int operations_before_ = 0;
    std::unique_ptr<tactics::Applied> applied_;
    std::optional<graph::CostReport> after_;  ///< of the graph that the tactic made
    std::optional<CalibrationOrigin> calibration_;
    std::unique_ptr<engine::Session> session_;
};

}  // namespace espalier::runtimes
