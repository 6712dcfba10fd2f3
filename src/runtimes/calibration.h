#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tensor/tensor.h"

namespace espalier::runtimes {

struct ModelInfo;

/// Where calibration images come from: enough to find the same ones again.
struct CalibrationOrigin {
    std::string source;          ///< path of the data set, or what else it is
    std::int64_t images = 0;     ///< chosen from it, spread over the classes
    std::uint64_t seed = 0;      ///< of the choice
    std::string sha256;          ///< over names, labels and contents; empty where there are none
    std::int64_t evaluated = 0;  ///< how many of them are also among the images that the variant is judged by

    bool operator==(const CalibrationOrigin&) const = default;
};

/// JSON object with the field names above.
nlohmann::json to_json(const CalibrationOrigin& origin);
/// Inverse. Throws nlohmann::json::exception when a key is missing or of another type.
CalibrationOrigin calibration_origin_from_json(const nlohmann::json& json);

/// Whether calibration images are to be given to a variant of that tactic; one that only a worker knows may
/// want some.
bool may_look_at_images(const std::string& tactic);

/// "calibrated on 256 images of data/train (seed 1, sha256 0123456789ab)", and whether they are evaluated
/// too.
std::string describe(const CalibrationOrigin& origin);

/// Preprocessed images that a tactic looks at while it optimizes a model.
class CalibrationImages {
  public:
    virtual ~CalibrationImages() = default;

    /// Never 0.
    virtual std::int64_t size() const = 0;
    /// Images first .. first + count as pixel values f32 [count, channels, height, width] of the model, with
    /// first + count <= size(). Throws Error naming the image that cannot be read.
    virtual Tensor batch(std::int64_t first, std::int64_t count) const = 0;
    virtual const CalibrationOrigin& origin() const = 0;
};

/// Opens the calibration images of a model once it is known; called only for a tactic that looks at some.
using OpenCalibration = std::function<std::shared_ptr<const CalibrationImages>(const ModelInfo& model)>;

}  // namespace espalier::runtimes
