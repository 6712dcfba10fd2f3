#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "lab/plan.h"
#include "meters/named/named_meter.h"
#include "meters/nvml/access.h"
#include "runtimes/access.h"
#include "runtimes/calibration.h"
#include "store/records.h"

namespace espalier::lab {

/// Images for the tactic of a trial to look at.
struct TrialCalibration {
    std::string pixels;  ///< PixelFile
    std::string pixels_key;
    runtimes::CalibrationOrigin origin;
};

/// Everything a trial's process must know.
struct TrialRequest {
    std::string model;         ///< folder
    std::string model_sha256;  ///< of its content when the study was planned
    std::string tactic;
    std::string runtime;
    runtimes::Access access{};  ///< how that is started
    std::string device = "cpu";
    int batch = 1;
    int threads = 1;
    std::string cache{};  ///< folder of the model's forms that a runtime reads
    std::string pixels;   ///< PixelFile
    std::string pixels_key;
    std::optional<TrialCalibration> calibration{};  ///< where the tactic looks at images
    bool keep_predictions = false;                  ///< return them image by image, not only their hash
    ProtocolSettings protocol;
    std::vector<meters::NamedMeter> meters{};  ///< with their logins: a request is never stored
    /// Temperature of the processor at which the study's first trial began, in degrees Celsius.
    std::optional<double> start_temperature_c{};
};

/// What a trial's process hands back: what it measured, or why it could not.
struct TrialResult {
    store::TrialRecord measured;  ///< phases, traces, evidence, environment, predictions_sha256
    std::optional<store::PredictionRecord> predictions;
    std::vector<store::NoteRecord> notes;
    std::string error;         ///< empty when the trial is complete
    bool lacks_meter = false;  ///< the error is that a meter which was named cannot be used
};

/// One JSON document each, "espalier.trial-request/1" and "espalier.trial/1". Reading throws Error naming
/// what is missing or wrong.
std::string write_request(const TrialRequest& request);
TrialRequest read_request(const std::string& json);
std::string write_result(const TrialResult& result);
TrialResult read_result(const std::string& json);

/// Carries out one trial in this process. A problem becomes TrialResult::error. `gpus` tells how GPUs are
/// reached, whose energy and state are recorded, too.
TrialResult perform_trial(const TrialRequest& request, const meters::nvml::Access& gpus);

}  // namespace espalier::lab
