#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "lab/pixels.h"
#include "runtimes/runtime.h"

namespace espalier::lab {

/// What the choice of calibration images depends on.
struct CalibrationSettings {
    std::string path;  ///< their data set; empty: they are taken from `data`
    std::string data;  ///< data set whose images are evaluated; empty where none are
    /// How many of `data` are evaluated, as datasets::subset() chooses them; 0: all
    std::int64_t images = 0;
    std::uint64_t seed = 1;  ///< of both choices
};

/// Images for a tactic to look at, and where they come from.
struct Calibration {
    std::shared_ptr<const datasets::Dataset> images;
    runtimes::CalibrationOrigin origin;
};

/// Chooses tactics::kCalibrationImages images, or all where there are fewer, spread over the classes:
/// - of `path` where it is given. The origin says how many of them have the content of an evaluated image.
/// - else of those images of `data` that are not evaluated. Where these are too few to calibrate on, it takes
///   evaluated ones, and the origin says so.
/// `labels` are the model's. Reads every image chosen, and those evaluated where `path` is given. Throws a
/// usage Error when there is neither path nor data, and as datasets::open_dataset() does.
Calibration choose_calibration(const CalibrationSettings& settings, const std::vector<std::string>& labels);

/// The images preprocessed for the model each time they are asked for, on `threads` threads.
std::shared_ptr<const runtimes::CalibrationImages> preprocessed(const Calibration& calibration,
                                                                const runtimes::ModelInfo& model,
                                                                int threads);

/// Images that were preprocessed before.
std::shared_ptr<const runtimes::CalibrationImages> preprocessed(std::shared_ptr<const PixelFile> pixels,
                                                                runtimes::CalibrationOrigin origin);

/// Seeded noise about 0 in place of images, for what depends on no answer: the times of kernels.
std::shared_ptr<const runtimes::CalibrationImages> noise_images(const runtimes::ModelInfo& model,
                                                                std::uint64_t seed);

}  // namespace espalier::lab
