#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"

namespace espalier::imports {

void check_utilization(const Measurements& measurements, Artefacts& found) {
    FindsByVariant idle(kind::kIdleDevice);
    for (const auto& repetition : measurements.repetitions) {
        const bool on_gpu = measurements.variants[repetition.variant].device == "gpu";
        if (on_gpu && repetition.utilization_percent && *repetition.utilization_percent == 0.0)
            idle.add(repetition, "GPU utilization 0 %");
    }
    idle.hand_over(measurements, found);
}

}  // namespace espalier::imports
