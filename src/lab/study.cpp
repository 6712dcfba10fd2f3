#include "lab/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "lab/control.h"
#include "lab/environment.h"
#include "lab/protocol.h"
#include "lab/wall_time.h"
#include "meters/file_tree.h"
#include "store/notes.h"
#include "store/studies.h"
#include "store/trials.h"
#include "tactics/tactic.h"

namespace espalier::lab {
namespace {

/// Starting a process, reading /proc and committing the result; measured on an idle machine.
constexpr Seconds kOverheadOfATrial{0.15};
constexpr int kPilotCalls = 3;

std::vector<TrialRequest> make_requests(const Prepared& prepared, const store::StudyRecord& study,
                                        const runtimes::Access& access) {
    std::vector<TrialRequest> requests;
    for (const auto& variant : study.variants) {
        const auto model = std::find_if(study.models.begin(), study.models.end(),
                                        [&](const auto& one) { return one.id == variant.model_id; });
        const auto& source = prepared.models.at(static_cast<std::size_t>(model - study.models.begin()));
        TrialRequest request;
        request.model = model->path;
        request.model_sha256 = model->sha256;
        request.tactic = variant.tactic;
        request.runtime = variant.runtime;
        request.access = access;
        request.cache = prepared.cache;
        request.device = variant.device;
        request.batch = variant.batch;
        request.threads = variant.threads;
        request.pixels = source.pixels;
        request.pixels_key = source.pixels_key;
        if (source.calibration && runtimes::may_look_at_images(variant.tactic)) {
            request.calibration = {source.calibration_pixels, source.calibration_key,
                                   source.calibration->origin};
        }
        request.protocol = prepared.plan.protocol;
        request.meters = prepared.plan.meters;
        requests.push_back(std::move(request));
    }
    return requests;
}

/// Time of one trial of a model's baseline, found by doing what a trial does, shortened.
Seconds pilot(const Prepared& prepared, const PreparedModel& model, const std::string& path,
              runtimes::Runtime& runtime) {
    const Plan& plan = prepared.plan;
    const MonotonicClock clock;
    const Seconds start = clock.now();
    const runtimes::VariantSpec spec{.model = path,
                                     .tactic = "baseline",
                                     .runtime = runtime.name(),
                                     .device = plan.device,
                                     .batch = plan.batch,
                                     .threads = plan.threads};
    runtime.start(spec);
    const auto instance = runtime.load(spec);
    instance->optimize();
    const Seconds ready = clock.now();
    const auto& info = model.info;
    const Tensor blank = Tensor::allocate(DType::kF32, {plan.batch, info.channels, info.height, info.width});
    for (int i = 0; i < kPilotCalls; ++i) instance->run(blank);
    const Seconds call = (clock.now() - ready) / kPilotCalls;
    const double calls = std::ceil(static_cast<double>(model.images->size()) / plan.batch);
    const Seconds warm_up =
        std::min(plan.protocol.warmup_cap, call * std::max(10, plan.protocol.warmup_calls));
    return kOverheadOfATrial + 2.0 * plan.protocol.idle + (ready - start) + warm_up +
           std::max(prepared.window, call * calls);
}

/// What the tactics looked at, once for each tactic and model.
void add_calibration_notes(const StudyRun& run, std::vector<store::NoteRecord>& notes) {
    for (std::size_t i = 0; i < run.requests.size(); ++i) {
        const auto& request = run.requests[i];
        if (!request.calibration) continue;
        const auto& origin = request.calibration->origin;
        const auto model =
            std::find_if(run.study.models.begin(), run.study.models.end(),
                         [&](const auto& one) { return one.id == run.study.variants[i].model_id; });
        const char* code = origin.evaluated > 0 ? "calibration-overlap" : "calibration";
        notes.push_back({0, code,
                         fmt::format("{} of {} {}", request.tactic, model->name, runtimes::describe(origin)),
                         ""});
    }
}

}  // namespace

OpenedStudy open_study(store::Database& database, const Prepared& prepared, const runtimes::Access& access,
                       bool fresh) {
    store::Studies studies(database);
    OpenedStudy opened;
    const auto known = studies.find_plan(prepared.study.plan_hash);
    if (known && !fresh) {
        opened.run.study = studies.read(*known);
    } else {
        store::StudyRecord study = prepared.study;
        study.repeat = known ? studies.read(*known).repeat + 1 : 0;
        studies.add(study);
        opened.run.study = std::move(study);
        opened.created = true;
    }
    opened.run.requests = make_requests(prepared, opened.run.study, with_workers(access, prepared.plan));
    opened.run.attempts = prepared.plan.protocol.attempts;
    opened.run.exclude = prepared.plan.protocol.exclude;
    opened.run.control = control_request(prepared.plan.threads, prepared.plan.protocol);
    opened.run.control_every = prepared.plan.protocol.control_every;
    return opened;
}

void add_study_notes(store::Database& database, const StudyRun& run, const Prepared& prepared,
                     const std::vector<double>& preprocess_s) {
    auto notes = prepared.machine_notes;
    for (std::size_t i = 0; i < preprocess_s.size(); ++i) {
        if (preprocess_s[i] <= 0.0) continue;
        notes.push_back(
            {0, "preprocessing",
             fmt::format("decoding and preprocessing took {:.2f} ms per image of {}, outside the measured "
                         "windows",
                         preprocess_s[i] * 1e3, run.study.models[i].name),
             ""});
    }
    add_calibration_notes(run, notes);
    for (const auto& variant : prepared.left_out)
        notes.push_back({0, "left-out", "left out: " + variant, ""});
    store::Notes store(database);
    for (auto& note : notes) {
        note.created_at = utc_now();
        store.add(run.study.id, note);
    }
}

TimeEstimate estimate_time(store::Database* database, const OpenedStudy* opened, const Prepared& prepared,
                           const Runtimes& runtimes) {
    if (database != nullptr && opened != nullptr) {
        store::Trials trials(*database);
        const auto progress = trials.progress(opened->run.study.id);
        if (const auto mean = trials.mean_seconds(opened->run.study.id)) {
            return {Seconds(*mean * static_cast<double>(progress.planned + progress.running)),
                    fmt::format("from {} trials already done", progress.done)};
        }
    }
    const auto& plan = prepared.plan;
    Seconds total;
    for (std::size_t i = 0; i < prepared.models.size(); ++i) {
        for (const auto& runtime : runtimes) {
            const auto variants =
                std::count_if(prepared.study.variants.begin(), prepared.study.variants.end(),
                              [&](const store::VariantRecord& variant) {
                                  return variant.model_id == static_cast<store::Id>(i) &&
                                         variant.runtime == runtime->name();
                              });
            if (variants == 0) continue;
            const Seconds one = pilot(prepared, prepared.models[i], plan.models[i], *runtime);
            total += one * static_cast<double>(variants) * plan.blocks;
        }
    }
    return {total, "from a few calls of each baseline just now; tactics may be faster or slower"};
}

}  // namespace espalier::lab
