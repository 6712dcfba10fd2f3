#include "runtimes/native/native.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/version.h"
#include "models/load.h"
#include "runtimes/model_info.h"
#include "runtimes/native/native_observer.h"

namespace espalier::runtimes {
namespace {

/// Says what zero weights save, of which `needed` MACs would be left if every one were skipped. Below a
/// hundredth they are rounding, not pruning, and nothing to speak of.
void note_zeros(Evidence& evidence, std::int64_t needed) {
    const auto macs = static_cast<double>(*evidence.macs);
    evidence.effective_macs_exploited = static_cast<double>(*evidence.effective_macs) <= 0.99 * macs;
    if (static_cast<double>(needed) > 0.99 * macs) return;
    double share = 0;
    for (const auto& [kernel_class, part] : evidence.macs_share) {
        if (kernel_class.starts_with("sparse")) share += part;
    }
    if (share == 0) {
        evidence.notes.push_back(
            "zero weights are multiplied by dense kernels, which are faster here than "
            "those that skip them: they save no time and no energy");
    } else {
        evidence.notes.push_back(
            fmt::format("{:.0f} % of the MACs are in layers whose kernels skip zero weights; zeros elsewhere "
                        "save nothing",
                        100 * share));
    }
}

/// Says where bf16 weights save memory alone. Only products of bf16 numbers count as "bf16".
void note_widening(Evidence& evidence) {
    const bool packed =
        std::any_of(evidence.kernels.begin(), evidence.kernels.end(),
                    [](const std::string& kernel) { return kernel.find("_bf16/") != std::string::npos; });
    if (packed && !evidence.macs_share.contains("bf16")) {
        evidence.notes.push_back(
            "weights are bf16, but this processor has no bf16 arithmetic that is faster than f32: they are "
            "widened and multiplied as f32, which saves memory but little time");
    }
}

}  // namespace

std::string NativeRuntime::version() { return kVersion; }

std::string NativeRuntime::objection(const VariantSpec& spec) {
    if (spec.device != "cpu") return fmt::format("it executes on 'cpu', not on '{}'", spec.device);
    try {
        tactics::parse(spec.tactic);
        return "";
    } catch (const Error& problem) {
        return problem.what();
    }
}

ModelInfo NativeRuntime::look(const VariantSpec& spec) { return info_of(models::load_model(spec.model)); }

std::unique_ptr<Instance> NativeRuntime::load(const VariantSpec& spec) {
    return std::make_unique<NativeInstance>(models::load_model(spec.model), spec);
}

NativeInstance::NativeInstance(models::Model model, const VariantSpec& spec, Options options)
    : model_(std::move(model)),
      spec_(spec),
      options_(std::move(options)),
      tactic_(tactics::parse(spec.tactic)),
      info_(info_of(model_)) {
    if (spec.device != "cpu") fail_usage("the native runtime executes on 'cpu', not on '{}'", spec.device);
    if (spec.batch < 1) fail_usage("the batch size must be at least 1, not {}", spec.batch);
    if (spec.threads < 1) fail_usage("the number of threads must be at least 1, not {}", spec.threads);
}

tactics::Applied NativeInstance::apply_tactic() {
    if (!spec_.calibration || !tactics::needs_calibration(tactic_))
        return tactics::apply(model_.graph, tactic_);
    const auto images = spec_.calibration(info_);
    calibration_ = images->origin();
    NativeObserver observer(*images, spec_.threads);
    return tactics::apply(model_.graph, tactic_, &observer);
}

void NativeInstance::optimize() {
    if (session_) fail("a variant is optimized once");
    applied_ = std::make_unique<tactics::Applied>(apply_tactic());
    operations_before_ = model_.graph.operations();
    if (options_.evidence) after_ = graph::cost_of(applied_->graph);
    engine::SessionOptions options;
    options.threads = spec_.threads;
    options.packed = options_.packed;
    options.tuned_kernels = options_.tuned_kernels;
    if (options_.keep_graphs) {
        session_ = std::make_unique<engine::Session>(applied_->graph, options);
    } else {
        model_.graph = {};
        session_ = std::make_unique<engine::Session>(std::exchange(applied_->graph, {}), options);
    }
    // Chooses the schedule and plans the memory of a full batch now, so that the first measured call does
    // not.
    if (spec_.batch > 1) {
        session_->tune(
            Tensor::allocate(DType::kF32, {spec_.batch, info_.channels, info_.height, info_.width}));
    }
    session_->plan(spec_.batch);
}

const models::Model& NativeInstance::model() const {
    if (!options_.keep_graphs) fail("the graphs of this variant were not kept");
    return model_;
}

const tactics::Applied& NativeInstance::applied() const {
    if (!options_.keep_graphs || !applied_) fail("the graphs of this variant were not kept");
    return *applied_;
}

Tensor NativeInstance::run(const Tensor& pixel_values) {
    if (!session_) fail("a variant must be optimized before it is run");
    return session_->run(pixel_values);
}

Evidence NativeInstance::evidence() const {
    if (!session_ || !after_) fail("a variant has evidence only after it was optimized with it");
    const engine::Execution execution = session_->execution();
    Evidence evidence;
    evidence.nodes_before = operations_before_;
    evidence.nodes_after = execution.steps;
    // Folding changes how many constants there are: what left the model and what is zero is counted instead.
    evidence.parameters = model_.parameters - applied_->removed_parameters();
    evidence.nonzero_parameters = *evidence.parameters - after_->zero_weights;
    evidence.weight_bytes = execution.weight_bytes;
    evidence.disk_bytes = after_->weight_bytes;
    evidence.arena_bytes = execution.arena_bytes;
    evidence.schedule = execution.schedule.str();
    std::int64_t all = 0;
    for (const auto& [kernel_class, macs] : execution.macs) all += macs;
    for (const auto& [kernel_class, macs] : execution.macs) {
        evidence.macs_share[kernel_class] = static_cast<double>(macs) / static_cast<double>(all);
    }
    evidence.macs = all;
    evidence.effective_macs = execution.effective_macs;
    evidence.kernels = execution.kernels;
    for (const auto& pass : applied_->passes) {
        if (pass.changes > 0) evidence.passes.push_back(fmt::format("{} x{}", pass.name, pass.changes));
    }
    evidence.notes = applied_->notes;
    evidence.calibration = calibration_;
    if (calibration_) evidence.notes.push_back(describe(*calibration_));
    if (execution.tuned_layers > 0) {
        evidence.notes.push_back(fmt::format(
            "the kernels of {} layers were chosen by measurement on this processor", execution.tuned_layers));
    }
    note_zeros(evidence, after_->effective_macs);
    note_widening(evidence);
    return evidence;
}

}  // namespace espalier::runtimes
