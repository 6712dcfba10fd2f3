#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lab/plan.h"
#include "lab/trial.h"
#include "store/database.h"
#include "store/records.h"

namespace espalier::lab {

/// What came of one try.
struct TrialOutcome {
    enum class Kind {
        kDone,
        kFailed,   ///< the trial says why it cannot be made; trying again would not help
        kCrashed,  ///< its process ended without a result
        kTimedOut,
        kNoMeter,      ///< a meter that the user named cannot be used; the study cannot go on
        kInterrupted,  ///< ended because the runner was told to end at once
    };
    Kind kind = Kind::kDone;
    TrialResult result;  ///< of kDone
    std::string detail;  ///< of all others
};

/// Makes one trial. `now` is asked while it waits; true means: end at once.
using Execute = std::function<TrialOutcome(const TrialRequest& request, const std::function<bool()>& now)>;

/// Executes trials as `program trial`, one process each: request on its standard input, result on its
/// standard output.
Execute in_own_process(const std::string& program, Seconds timeout);

/// What happens in a run, for whoever shows it. Nothing is ever called while a trial is measured.
struct RunEvent {
    store::Progress progress;
    std::string model;
    std::string tactic;
    int block = 0;  ///< from 0
    TrialOutcome::Kind outcome = TrialOutcome::Kind::kDone;
    std::string detail;
    bool will_retry = false;
    Seconds left;  ///< expected until the study is complete
};

/// A study in the store that can be carried on.
struct StudyRun {
    store::StudyRecord study;            ///< without measurements
    std::vector<TrialRequest> requests;  ///< one per variant, in their order
    int attempts = 3;
    std::vector<std::string> exclude;     ///< codes of notes whose trials are left out of the results
    std::optional<TrialRequest> control;  ///< run at the start, at the end and between; see lab/control.h
    int control_every = 0;                ///< trials between two controls
};

struct RunOptions {
    std::function<int()> stop_requests = [] { return 0; };  ///< 1: after this trial; 2: at once
    std::function<void(const RunEvent&)> report = [](const RunEvent&) {};
    std::optional<Seconds> budget;  ///< no trial begins later than this after the start
};

struct RunSummary {
    store::Progress progress;
    bool interrupted = false;  ///< by stop_requests
    bool out_of_budget = false;
};

/// Carries out what is left of a study, in the order of its design. Every finished trial is committed before
/// the next begins. A crash or time-out is retried up to `attempts` times; then the trial counts as failed
/// and the study goes on. A variant that said twice why it cannot run is not tried further. Throws an Error
/// of kind kCannotMeasure when a meter that the user named cannot be used: nothing takes its place, and the
/// trial stays planned. Throws a usage Error for an imported study.
RunSummary carry_on(store::Database& database, const StudyRun& run, const Execute& execute,
                    const RunOptions& options, const Clock& clock);

}  // namespace espalier::lab
