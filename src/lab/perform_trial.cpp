#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/file.h"
#include "lab/calibration.h"
#include "lab/environment.h"
#include "lab/metered.h"
#include "lab/model_workload.h"
#include "lab/pixels.h"
#include "lab/protocol.h"
#include "lab/trial.h"
#include "meters/discovery.h"
#include "meters/file_tree.h"
#include "meters/sampler.h"

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

TrialResult measure(const TrialRequest& request, const meters::nvml::Access& gpus) {
    MonotonicClock clock;
    const meters::SystemFiles files;
    const meters::SystemPerfEvents perf;
    const auto discovery = meters::discover({.files = files,
                                             .clock = clock,
                                             .gpus = gpus,
                                             .perf = &perf,
                                             .amd_gpus = meters::amdsmi::open_system_library});
    meters::Sampler sampler(suitable_meters(request.protocol, discovery), clock);
    const auto runtime = runtimes::make_runtime(request.runtime);
    ModelWorkload workload(*runtime,
                           {request.model, request.tactic, request.runtime, request.device, request.batch,
                            request.threads, calibration_of(request)},
                           request.model_sha256, PixelFile::open(request.pixels, request.pixels_key));
    const auto before = read_conditions(files, discovery.gpus);
    sampler.start();
    auto outcome = carry_out(request.protocol, workload, sampler, clock, process_cpu_time);
    sampler.stop();
    const auto after = read_conditions(files, discovery.gpus);

    TrialResult result;
    result.measured.phases = std::move(outcome.phases);
    result.measured.traces = std::move(outcome.traces);
    result.measured.evidence = runtimes::to_json(workload.evidence()).dump();
    result.measured.environment = to_json(before, after).dump();
    result.measured.predictions_sha256 = hash_predictions(workload.predictions());
    if (request.keep_predictions) result.predictions = workload.predictions();
    result.notes = judge_conditions(before, after, usable_cpus(), request.threads);
    for (const auto& phase : result.measured.phases) {
        if (phase.name != phase::kMeasure) continue;
        for (auto& note : judge_agreement(phase)) result.notes.push_back(std::move(note));
    }
    if (!outcome.steady) {
        result.notes.push_back({0, "warm-up", "warm-up ended at its cap before the calls were steady", ""});
    }
    return result;
}

}  // namespace

TrialResult perform_trial(const TrialRequest& request, const meters::nvml::Access& gpus) {
    try {
        return measure(request, gpus);
    } catch (const std::exception& problem) {
        TrialResult failed;
        failed.error = problem.what();
        return failed;
    }
}

}  // namespace espalier::lab
