#include <fmt/format.h>

#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"

namespace espalier::imports {
namespace {

constexpr double kFewPeriods = 10.0;

}  // namespace

void check_windows(const Measurements& measurements, Artefacts& found) {
    FindsByVariant blind(kind::kWindowTooShort);
    FindsByVariant edgy(kind::kWindowShort);
    for (const auto& repetition : measurements.repetitions) {
        for (const auto& energy : repetition.energies) {
            if (!repetition.duration_s || !energy.refresh_s || *energy.refresh_s <= 0.0) continue;
            const double periods = *repetition.duration_s / *energy.refresh_s;
            if (periods >= kFewPeriods) continue;
            (periods < 1.0 ? blind : edgy)
                .add(repetition, fmt::format("{:.3g} s; {} renews its value every {:.3g} s",
                                             *repetition.duration_s, energy.record.meter, *energy.refresh_s));
            break;
        }
    }
    blind.hand_over(measurements, found);
    edgy.hand_over(measurements, found);
}

}  // namespace espalier::imports
