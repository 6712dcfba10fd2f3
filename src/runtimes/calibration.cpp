#include "runtimes/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {

using nlohmann::json;

json to_json(const CalibrationOrigin& origin) {
    return {{"source", origin.source},
            {"images", origin.images},
            {"seed", origin.seed},
            {"sha256", origin.sha256},
            {"evaluated", origin.evaluated}};
}

CalibrationOrigin calibration_origin_from_json(const json& object) {
    CalibrationOrigin origin;
    object.at("source").get_to(origin.source);
    object.at("images").get_to(origin.images);
    object.at("seed").get_to(origin.seed);
    object.at("sha256").get_to(origin.sha256);
    object.at("evaluated").get_to(origin.evaluated);
    return origin;
}

std::string describe(const CalibrationOrigin& origin) {
    std::string text =
        fmt::format("calibrated on {} images of {} (seed {}", origin.images, origin.source, origin.seed);
    if (!origin.sha256.empty()) text += ", sha256 " + origin.sha256.substr(0, 12);
    text += ")";
    if (origin.evaluated > 0) {
        text += fmt::format("; {} of them are also evaluated, so its accuracy may be overstated",
                            origin.evaluated);
    }
    return text;
}

bool may_look_at_images(const std::string& tactic) {
    std::string ours;
    for (std::size_t begin = 0; begin <= tactic.size();) {
        const auto end = std::min(tactic.find('+', begin), tactic.size());
        const std::string treatment = tactic.substr(begin, end - begin);
        // The one treatment of another runtime that is known here.
        if (treatment != "fp16") ours += (ours.empty() ? "" : "+") + treatment;
        begin = end + 1;
    }
    try {
        return !ours.empty() && tactics::needs_calibration(ours);
    } catch (const Error&) {
        return true;
    }
}

}  // namespace espalier::runtimes
