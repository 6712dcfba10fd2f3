#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "lab/calibration.h"
#include "lab/plan.h"
#include "meters/nvml/access.h"
#include "runtimes/access.h"
#include "store/records.h"

namespace espalier::lab {

/// A model of the plan, looked at: it was loaded once, and its classes fit the images.
struct PreparedModel {
    runtimes::ModelInfo info;
    std::shared_ptr<const datasets::Dataset> images;  ///< the chosen ones, labelled with the model's classes
    std::string images_sha256;                        ///< names, labels and contents
    std::string pixels;                               ///< where its preprocessed images are or will be
    std::string pixels_key;
    std::optional<Calibration> calibration;  ///< where a tactic of the plan looks at images
    std::string calibration_pixels;          ///< as `pixels`, of those
    std::string calibration_key;
};

/// The runtimes of a plan, in its order.
using Runtimes = std::vector<std::unique_ptr<runtimes::Runtime>>;

/// The plan's runtimes, none of them started. Throws a usage Error for a name that is unknown.
Runtimes make_runtimes(const Plan& plan, const runtimes::Access& access);

/// How the runtimes of a plan are started: what `access` says, and the plan's own workers.
runtimes::Access with_workers(runtimes::Access access, const Plan& plan);

/// A plan whose inputs were read and identified.
struct Prepared {
    Plan plan;
    std::vector<PreparedModel> models;  ///< in the order of plan.models
    std::string cache;                  ///< folder of what is made for the trials and can be made again
    /// Variants that their runtime does not have, and why; one sentence each
    std::vector<std::string> left_out;
    std::vector<store::NoteRecord> machine_notes;  ///< what in this machine weakens the study
    std::string runtime_versions;                  ///< JSON: runtime -> version and libraries
    Seconds window;                                ///< measured at least this long, as the meters need it
    /// The study as it will be stored: every id is an index still (store::Studies::add).
    store::StudyRecord study;
};

/// Loads every model, opens the images, and lays out variants and design. The study's plan hash covers the
/// measured part of the plan, the content of models, images and calibration images, and the version of the
/// program, so the same command finds its study again, and never mixes two contents. Throws Error when a
/// model or the images cannot be used, a runtime does not work here, or the first one has not the reference,
/// and one of kind kCannotMeasure when a meter of the plan cannot be used; a variant that another runtime
/// does not have is left out, unless none has the tactic. Nothing is written. `gpus` tells how those are
/// reached that the study's environment lists.
Prepared prepare(const Plan& plan, const Runtimes& runtimes, const std::filesystem::path& store,
                 const meters::nvml::Access& gpus);

/// Watches the meters of the plan for how often they have a new value, which takes up to a minute where they
/// are slow, and lays that down for the trials. Throws a usage Error when the window that the meters need
/// does not fit into the time-out of a trial, and an Error of kind kCannotMeasure when a meter cannot be
/// used. Does nothing where the plan names no meter.
void watch_meters(Prepared& prepared, const meters::nvml::Access& gpus);

/// Makes the files of preprocessed images that are missing or damaged, those for calibration too.
/// `progress(model, done, total)` is called now and then. Returns seconds per image, decoding and
/// preprocessing together, of each model whose file was made now; 0 where it was there.
std::vector<double> prepare_pixels(
    const Prepared& prepared,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress);

/// Makes the forms of the models that the runtimes of the study read, where they are missing.
void prepare_forms(const Prepared& prepared, const Runtimes& runtimes);

/// Deletes what prepare_pixels() and prepare_forms() made.
void remove_cache(const Prepared& prepared);

}  // namespace espalier::lab
