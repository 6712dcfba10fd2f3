#include "lab/runner.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "lab/conditions.h"
#include "lab/control.h"
#include "lab/exclusion.h"
#include "lab/wall_time.h"
#include "store/controls.h"
#include "store/labels.h"
#include "store/notes.h"
#include "store/predictions.h"
#include "store/trials.h"

namespace espalier::lab {
namespace {

using Kind = TrialOutcome::Kind;

/// Errors after which a variant is not tried further: the second shows that the first was no accident.
constexpr int kErrorsOfAVariant = 2;

const char* outcome_name(Kind kind) {
    switch (kind) {
        case Kind::kDone:
            return "done";
        case Kind::kFailed:
            return "failed";
        case Kind::kCrashed:
            return "crashed";
        case Kind::kTimedOut:
            return "timed out";
        case Kind::kNoMeter:  // the trial is open again, as after an interruption; the detail says why
        case Kind::kInterrupted:
            return "interrupted";
    }
    return "";
}

/// One run over the planned trials of a study.
class Runner {
  public:
    Runner(store::Database& database, const StudyRun& run, const Execute& execute, const RunOptions& options,
           const Clock& clock)
        : database_(database),
          trials_(database),
          run_(run),
          execute_(execute),
          options_(options),
          clock_(clock),
          start_(clock.now()) {}

    RunSummary carry_on();

  private:
    bool must_end();
    void make(store::TrialRecord& trial);
    bool attempt(store::TrialRecord& trial, int number);
    void commit(store::TrialRecord& trial, const TrialOutcome& outcome);
    void compare_predictions(const store::TrialRecord& trial);
    void report(const store::TrialRecord& trial, const TrialOutcome& outcome, bool will_retry);
    void run_control_if_due();
    void run_control();
    void end_controls();
    void learn_start_temperature(const std::string& environment);
    std::size_t variant_index(store::Id variant) const;
    std::string model_name(const store::VariantRecord& variant) const;

    store::Database& database_;
    store::Trials trials_;
    const StudyRun& run_;
    const Execute& execute_;
    const RunOptions& options_;
    const Clock& clock_;
    Seconds start_;
    RunSummary summary_;
    std::map<store::Id, int> errors_;
    std::map<store::Id, std::string> predictions_;  ///< hash first seen, by variant
    std::optional<double> start_temperature_c_;     ///< of the first trial that is done
    int since_control_ = -1;  ///< trials made since the last control; -1: none was run yet
};

RunSummary Runner::carry_on() {
    trials_.recover(run_.study.id, utc_now());
    auto trials = trials_.list(run_.study.id);
    for (const auto& trial : trials) {
        if (trial.state != store::TrialState::kDone) continue;
        predictions_.emplace(trial.variant_id, trial.predictions_sha256);
        learn_start_temperature(trial.environment);
    }
    for (auto& trial : trials) {
        if (trial.state != store::TrialState::kPlanned) continue;
        if (must_end()) break;
        run_control_if_due();
        make(trial);
    }
    end_controls();
    summary_.progress = trials_.progress(run_.study.id);
    summary_.interrupted = options_.stop_requests() > 0 && summary_.progress.planned > 0;
    return summary_;
}

bool Runner::must_end() {
    if (options_.stop_requests() > 0) return true;
    summary_.out_of_budget = options_.budget && clock_.now() - start_ >= *options_.budget;
    return summary_.out_of_budget;
}

void Runner::make(store::TrialRecord& trial) {
    if (errors_[trial.variant_id] >= kErrorsOfAVariant) {
        const std::string detail = "not tried: the variant failed twice before";
        trials_.give_up(trial.id, "failed", detail, store::TrialState::kFailed, utc_now());
        report(trial, {Kind::kFailed, {}, detail}, false);
        return;
    }
    for (int number = 1; attempt(trial, number); ++number) {
        if (options_.stop_requests() > 0) return;
    }
}

/// True when the trial should be tried once more.
bool Runner::attempt(store::TrialRecord& trial, int number) {
    trials_.begin(trial.id, utc_now());
    TrialRequest request = run_.requests.at(variant_index(trial.variant_id));
    request.keep_predictions = !predictions_.contains(trial.variant_id);
    request.start_temperature_c = start_temperature_c_;
    const TrialOutcome outcome = execute_(request, [this] { return options_.stop_requests() > 1; });
    if (outcome.kind == Kind::kDone) {
        commit(trial, outcome);
        report(trial, outcome, false);
        return false;
    }
    const bool crash = outcome.kind == Kind::kCrashed || outcome.kind == Kind::kTimedOut;
    const bool again = crash && number < run_.attempts;
    const bool open = again || outcome.kind == Kind::kInterrupted || outcome.kind == Kind::kNoMeter;
    trials_.give_up(trial.id, outcome_name(outcome.kind), outcome.detail,
                    open ? store::TrialState::kPlanned : store::TrialState::kFailed, utc_now());
    if (outcome.kind == Kind::kFailed) ++errors_[trial.variant_id];
    report(trial, outcome, again);
    if (outcome.kind == Kind::kNoMeter) throw Error(outcome.detail, ErrorKind::kCannotMeasure);
    return again;
}

void Runner::commit(store::TrialRecord& trial, const TrialOutcome& outcome) {
    const std::string now = utc_now();
    const auto& measured = outcome.result.measured;
    trial.phases = measured.phases;
    trial.traces = measured.traces;
    trial.evidence = measured.evidence;
    trial.environment = measured.environment;
    trial.predictions_sha256 = measured.predictions_sha256;
    learn_start_temperature(trial.environment);
    std::vector<store::NoteRecord> notes = outcome.result.notes;
    for (auto& note : exclude(notes, run_.exclude)) notes.push_back(std::move(note));
    database_.transaction([&] {
        trials_.finish(trial, now);
        if (outcome.result.predictions) {
            store::Predictions(database_).add(trial.variant_id, trial.id, *outcome.result.predictions);
        }
        for (auto& note : notes) {
            note.trial_id = trial.id;
            note.created_at = now;
            store::Notes(database_).add(run_.study.id, note);
        }
        compare_predictions(trial);
    });
    // The next trial needs the room more than this record does.
    trial.phases.clear();
    trial.traces.clear();
}

void Runner::run_control_if_due() {
    if (!run_.control || run_.control_every <= 0) return;
    if (since_control_ < 0 || since_control_ >= run_.control_every) run_control();
    ++since_control_;
}

/// A control that fails takes nothing from the study: it is left out.
void Runner::run_control() {
    since_control_ = 0;
    const TrialOutcome outcome = execute_(*run_.control, [this] { return options_.stop_requests() > 1; });
    if (outcome.kind != Kind::kDone) return;
    const auto done = trials_.progress(run_.study.id).done;
    store::Controls(database_).add(run_.study.id, control_record(outcome.result.measured, done, utc_now()));
}

/// The last control, and what all of them say.
void Runner::end_controls() {
    if (since_control_ < 0) return;
    if (options_.stop_requests() == 0) run_control();
    auto note = judge_controls(store::Controls(database_).list(run_.study.id));
    if (!note) return;
    note->created_at = utc_now();
    store::Notes(database_).add(run_.study.id, *note);
}

void Runner::learn_start_temperature(const std::string& environment) {
    if (!start_temperature_c_) start_temperature_c_ = start_temperature(environment);
}

void Runner::compare_predictions(const store::TrialRecord& trial) {
    const auto [known, first] = predictions_.emplace(trial.variant_id, trial.predictions_sha256);
    if (first || known->second == trial.predictions_sha256) return;
    const auto& variant = run_.study.variants[variant_index(trial.variant_id)];
    store::Notes(database_).add(
        run_.study.id,
        {trial.id, "predictions-differ",
         fmt::format("{} of {} predicted differently in block {} than before: its accuracy is that of "
                     "the first trial only",
                     store::label(run_.study, variant), model_name(variant), trial.block + 1),
         utc_now()});
}

void Runner::report(const store::TrialRecord& trial, const TrialOutcome& outcome, bool will_retry) {
    const auto& variant = run_.study.variants[variant_index(trial.variant_id)];
    RunEvent event;
    event.progress = trials_.progress(run_.study.id);
    event.model = model_name(variant);
    event.tactic = store::label(run_.study, variant);
    event.block = trial.block;
    event.outcome = outcome.kind;
    event.detail = outcome.detail;
    event.will_retry = will_retry;
    event.left = Seconds(trials_.mean_seconds(run_.study.id).value_or(0.0)) *
                 static_cast<double>(event.progress.planned);
    options_.report(event);
}

std::size_t Runner::variant_index(store::Id variant) const {
    const auto& variants = run_.study.variants;
    const auto found =
        std::find_if(variants.begin(), variants.end(), [&](const auto& one) { return one.id == variant; });
    if (found == variants.end()) fail("the store is damaged: a trial belongs to no variant");
    return static_cast<std::size_t>(found - variants.begin());
}

std::string Runner::model_name(const store::VariantRecord& variant) const {
    for (const auto& model : run_.study.models) {
        if (model.id == variant.model_id) return model.name;
    }
    return "";
}

}  // namespace

RunSummary carry_on(store::Database& database, const StudyRun& run, const Execute& execute,
                    const RunOptions& options, const Clock& clock) {
    if (run.study.imported) {
        fail_usage("study {} was imported from {}: it has nothing to be run", run.study.key,
                   run.study.imported->files.front().path);
    }
    return Runner(database, run, execute, options, clock).carry_on();
}

}  // namespace espalier::lab
