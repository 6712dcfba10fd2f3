#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "lab/calibration.h"
#include "lab/conditions.h"
#include "lab/control.h"
#include "lab/control_workload.h"
#include "lab/idle.h"
#include "lab/metered.h"
#include "lab/model_workload.h"
#include "lab/pixels.h"
#include "lab/protocol.h"
#include "lab/thermal_gate.h"
#include "lab/trial.h"
#include "meters/discovery.h"
#include "meters/environment.h"
#include "meters/file_tree.h"
#include "meters/named/discover.h"
#include "meters/sampler.h"
#include "store/totals.h"

namespace espalier::lab {
namespace {

/// Identifies what a variant predicted, so that repetitions can be compared without keeping every array.
std::string hash_predictions(const store::PredictionRecord& predictions) {
    return sha256(std::as_bytes(std::span(predictions.predicted)));
}

/// Opened when the tactic asks for it, so that reading counts as its cost.
runtimes::OpenCalibration calibration_of(const TrialRequest& request) {
    if (!request.calibration) return {};
    return [calibration = *request.calibration](const runtimes::ModelInfo&) {
        return preprocessed(PixelFile::open(calibration.pixels, calibration.pixels_key), calibration.origin);
    };
}

runtimes::VariantSpec spec_of(const TrialRequest& request) {
    return {request.model, request.tactic,  request.runtime,         request.device,
            request.batch, request.threads, calibration_of(request), request.cache};
}

/// Processor time of this process and of the one that executes for it. What that used up to its end is known
/// once it was waited for: its last moments are its own, and no load by others.
class CpuTime {
  public:
    explicit CpuTime(int process) : process_(process) {}

    Seconds operator()() {
        if (process_ != 0) {
            const auto alive = cpu_time_of(process_);
            of_other_ = alive ? *alive : std::max(of_other_, ended_children_cpu_time());
        }
        return process_cpu_time() + of_other_;
    }

  private:
    int process_;
    Seconds of_other_{};
};

/// Processor time of the phases, of everything that executed the workload.
Seconds cpu_of(const std::vector<store::PhaseRecord>& phases) {
    Seconds sum;
    for (const auto& phase : phases) sum += Seconds(phase.cpu_s.value_or(0.0));
    return sum;
}

/// What must be known of a trial beside its numbers.
std::vector<store::NoteRecord> judge_trial(const store::TrialRecord& measured,
                                           const ProtocolOutcome& outcome) {
    std::vector<store::NoteRecord> notes = judge_idle(measured);
    if (const auto* window = store::find_phase(measured, phase::kMeasure)) {
        for (auto& note : judge_agreement(*window)) notes.push_back(std::move(note));
        for (auto& note : judge_conservation(*window)) notes.push_back(std::move(note));
    }
    if (outcome.suspended > Seconds(0.0)) {
        notes.push_back(
            {0, "suspended",
             fmt::format("the machine slept for {:.1f} s during this trial, which has no energy of "
                         "the phases in which it slept",
                         outcome.suspended.value()),
             ""});
    }
    if (!outcome.steady) {
        notes.push_back({0, "warm-up", "warm-up ended at its cap before the calls were steady", ""});
    }
    return notes;
}

/// What is observed, on what, and by what.
struct Bench {
    const TrialRequest& request;
    const meters::FileTree& files;
    const meters::nvml::Access& gpus;
    Clock& clock;
};

/// The protocol with any workload, between two looks at the machine's conditions. `process` executes the
/// workload; 0 is this one.
TrialResult observe(const Bench& bench, Workload& workload, int process) {
    const auto& [request, files, gpus, clock] = bench;
    const meters::SystemPerfEvents perf;
    const auto discovery = meters::discover({.files = files,
                                             .clock = clock,
                                             .process = process,
                                             .gpus = gpus,
                                             .perf = &perf,
                                             .amd_gpus = meters::amdsmi::open_system_library,
                                             .named = request.meters});
    meters::demand_named(discovery);
    meters::Sampler sampler(suitable_meters(request.protocol, discovery), clock);
    const auto temperature = [&] { return meters::read_environment(bench.files).temperature_c; };
    const auto gate =
        wait_until_cool(temperature, request.start_temperature_c, request.protocol.cool_down, clock);
    const auto before = read_conditions(files, discovery.gpus);
    CpuTime cpu_time(process);
    sampler.start();
    auto outcome = carry_out(
        request.protocol, workload, sampler, clock, [&] { return cpu_time(); }, machine_time_suspended,
        executing_part(request.device));
    sampler.stop();
    const auto after = read_conditions(files, discovery.gpus);
    for (auto& phase : outcome.phases) {
        if (phase.name == phase::kMeasure) add_figures(sampler.meters(), phase);
    }

    TrialResult result;
    result.measured.phases = std::move(outcome.phases);
    result.measured.traces = std::move(outcome.traces);
    const Seconds own_cpu = cpu_of(result.measured.phases);
    result.measured.environment = to_json(before, after, own_cpu).dump();
    result.notes = judge_conditions(before, after, {usable_cpus(), request.threads, own_cpu});
    if (auto note = judge(gate)) result.notes.push_back(std::move(*note));
    for (auto& note : judge_trial(result.measured, outcome)) result.notes.push_back(std::move(note));
    return result;
}

TrialResult measure_model(const Bench& bench) {
    const TrialRequest& request = bench.request;
    const auto runtime = runtimes::make_runtime(request.runtime, request.access);
    const auto spec = spec_of(request);
    runtime->start(spec);
    ModelWorkload workload(*runtime, spec, request.model_sha256,
                           PixelFile::open(request.pixels, request.pixels_key));
    TrialResult result = observe(bench, workload, runtime->process());
    result.measured.evidence = runtimes::to_json(workload.evidence()).dump();
    result.measured.predictions_sha256 = hash_predictions(workload.predictions());
    if (request.keep_predictions) result.predictions = workload.predictions();
    return result;
}

TrialResult measure(const TrialRequest& request, const meters::nvml::Access& gpus) {
    MonotonicClock clock;
    const meters::SystemFiles files;
    const Bench bench{request, files, gpus, clock};
    if (!is_control(request)) return measure_model(bench);
    ControlWorkload workload(request.threads);
    return observe(bench, workload, 0);
}

}  // namespace

TrialResult perform_trial(const TrialRequest& request, const meters::nvml::Access& gpus) {
    TrialResult failed;
    try {
        return measure(request, gpus);
    } catch (const Error& problem) {
        failed.error = problem.what();
        failed.lacks_meter = problem.kind() == ErrorKind::kCannotMeasure;
    } catch (const std::exception& problem) {
        failed.error = problem.what();
    }
    return failed;
}

}  // namespace espalier::lab
