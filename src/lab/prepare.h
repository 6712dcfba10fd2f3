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
#include "runtimes/runtime.h"
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

/// A plan whose inputs were read and identified.
struct Prepared {
    Plan plan;
    std::vector<PreparedModel> models;  ///< in the order of plan.models
    Seconds window;  ///< measured at least this long, as the meters need it
    /// The study as it will be stored: every id is an index still (store::Studies::add).
    store::StudyRecord study;
};

/// Loads every model, opens the images, and lays out variants and design. The study's plan hash covers the
/// measured part of the plan, the content of models, images and calibration images, and the version of the program, so the same
/// command finds its study again, and never mixes two contents. Throws Error when a model or the images
/// cannot be used, and one of kind kCannotMeasure when a meter of the plan cannot; nothing is written. `gpus`
/// tells how those are reached that the study's environment lists.
Prepared prepare(const Plan& plan, runtimes::Runtime& runtime, const std::filesystem::path& store,
                 const meters::nvml::Access& gpus);

/// Watches the meters of the plan for how often they have a new value, which takes up to a minute where they are
/// slow, and lays that down for the trials. Throws a usage Error when the window that the meters need does not
/// fit into the time-out of a trial, and an Error of kind kCannotMeasure when a meter cannot be used. Does
/// nothing where the plan names no meter.
void watch_meters(Prepared& prepared, const meters::nvml::Access& gpus);

/// Makes the files of preprocessed images that are missing or damaged, those for calibration too.
/// `progress(model, done, total)` is called now and then. Returns seconds per image, decoding and preprocessing together, of each model whose
/// file was made now; 0 where it was there.
std::vector<double> prepare_pixels(
    const Prepared& prepared,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress);

/// Deletes what prepare_pixels() made.
void remove_pixels(const Prepared& prepared);

}  // namespace espalier::lab
