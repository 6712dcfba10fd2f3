#include "imports/logs.h"

#include <fmt/core.h>

#include <algorithm>

namespace espalier::imports {

void LogRuns::add(const Source& source, Repetition run) {
    const std::string tactic = source.tactic.empty() ? "baseline" : tactic_name(source.tactic);
    const auto [found, added] = variants_.try_emplace(tactic, measurements_.variants.size());
    if (added) {
        Variant variant;
        variant.model = model_;
        variant.tactic = tactic;
        measurements_.variants.push_back(std::move(variant));
    }
    run.variant = found->second;
    run.number = runs_[found->second]++;
    run.images = images_.value_or(0);
    measurements_.repetitions.push_back(std::move(run));
}

Measurements LogRuns::finish() {
    const bool busy =
        std::any_of(measurements_.repetitions.begin(), measurements_.repetitions.end(),
                    [](const auto& run) { return run.utilization_percent.value_or(0.0) > 0.0; });
    for (auto& variant : measurements_.variants) variant.device = busy ? "gpu" : "cpu";
    if (images_) {
        measurements_.notes.push_back(fmt::format("{} images in each run, as given at the import", *images_));
    } else {
        measurements_.notes.emplace_back(
            "how many images were classified is not in the file: energy is of whole runs and is not "
            "compared; --images tells it");
    }
    return std::move(measurements_);
}

}  // namespace espalier::imports
