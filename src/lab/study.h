#pragma once

#include "lab/prepare.h"
#include "lab/runner.h"
#include "store/database.h"

namespace espalier::lab {

/// A study found in the store, or put there.
struct OpenedStudy {
    StudyRun run;
    bool created = false;  ///< false: it was there and is carried on
};

/// The newest study of the same plan, models and images, else (or when `fresh`) a new one.
/// `access` tells how its runtimes are started.
OpenedStudy open_study(store::Database& database, const Prepared& prepared, const runtimes::Access& access,
                       bool fresh);

/// Keeps what makes the study's results weaker or needs saying: notes on the machine, which images tactics
/// were calibrated on, which variants were left out, and how long an image took to decode and preprocess,
/// outside all windows. `preprocess_s` as prepare_pixels() returns it.
void add_study_notes(store::Database& database, const StudyRun& run, const Prepared& prepared,
                     const std::vector<double>& preprocess_s);

/// How long a study will take, and what that is based on.
struct TimeEstimate {
    Seconds left;
    std::string basis;  ///< e.g. "from 12 trials already done"
};

/// From the trials done already, where `run` has some; else from loading and running the baseline of each
/// model a few times now on each runtime, on blank images. Tactics may be faster or slower than that.
TimeEstimate estimate_time(store::Database* database, const OpenedStudy* opened, const Prepared& prepared,
                           const Runtimes& runtimes);

}  // namespace espalier::lab
