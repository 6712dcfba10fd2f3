#include "lab/idle.h"

#include <fmt/core.h>

#include "lab/protocol.h"
#include "store/net_energy.h"
#include "store/totals.h"

namespace espalier::lab {

std::vector<store::NoteRecord> judge_idle(const store::TrialRecord& trial) {
    std::vector<store::NoteRecord> notes;
    const auto* window = store::find_phase(trial, phase::kMeasure);
    if (window == nullptr) return notes;
    for (const auto& total : store::energy_totals(*window)) {
        if (total.tier >= "E") continue;
        const auto net = store::net_energy(trial, total.meter);
        if (const auto drift = net.drift(); drift && *drift > store::kIdleDrift) {
            notes.push_back(
                {0, "idle-drift",
                 fmt::format("{}: at rest the machine drew {:.3g} W before the trial and {:.3g} W "
                             "after it, {:.0f} % apart (limit 3 %)",
                             total.meter, *net.before_w, *net.after_w, *drift * 100.0),
                 ""});
        }
        if (net.joules && *net.joules <= 0.0) {
            notes.push_back(
                {0, "net-not-positive",
                 fmt::format("{}: {:.4g} J in the measured window are {:.4g} J less than the machine "
                             "draws at rest in that time; the idle power cannot be right",
                             total.meter, *total.joules, -*net.joules),
                 ""});
        }
    }
    return notes;
}

}  // namespace espalier::lab
