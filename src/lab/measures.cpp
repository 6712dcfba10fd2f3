#include "lab/measures.h"

#include <algorithm>

#include "lab/protocol.h"
#include "statistics/summary.h"
#include "store/totals.h"

namespace espalier::lab {
namespace {

using statistics::BlockValue;

std::optional<double> joules(const store::PhaseRecord& phase, const EnergySource& source) {
    for (const auto& total : store::energy_totals(phase)) {
        const bool same =
            total.meter == source.meter && total.tier == source.tier && total.scope == source.scope;
        if (same) return total.joules;
    }
    return std::nullopt;
}

void add(std::vector<BlockValue>& values, int block, const std::optional<double>& value) {
    if (value) values.push_back({block, *value});
}

void read_window(const store::PhaseRecord& phase, int block, int batch, const EnergySource& source,
                 Measures& measures) {
    const auto images = static_cast<double>(phase.images);
    if (images <= 0.0) return;
    if (const auto energy = joules(phase, source)) {
        add(measures.energy_j, block, *energy / images);
        const auto standard = store::find_reading(phase, source.meter + " standard uncertainty");
        if (standard) add(measures.budget_j, block, *standard / images);
    }
    if (phase.cpu_s) add(measures.cpu_s, block, *phase.cpu_s / images);
    if (phase.latency_s.empty()) return;
    const std::vector<double> calls(phase.latency_s.begin(), phase.latency_s.end());
    const int of_a_call = std::max(batch, 1);  // where the batch is unknown, times are of images
    add(measures.time_s, block, statistics::median(calls) / of_a_call);
    if (calls.size() > 1) add(measures.p95_s, block, statistics::quantile(calls, 0.95) / of_a_call);
}

}  // namespace

EnergySource choose_energy_source(const std::vector<const store::TrialRecord*>& trials,
                                  const std::string& device) {
    for (const auto* trial : trials) {
        const auto* window = store::find_phase(*trial, phase::kMeasure);
        if (trial->state != store::TrialState::kDone || window == nullptr) continue;
        const auto totals = store::energy_totals(*window, device);
        if (totals.empty()) continue;
        const auto& best = totals.front();
        return {best.meter, best.tier, best.scope, best.factor_low, best.factor_high};
    }
    return {};
}

Measures read_measures(const std::vector<const store::TrialRecord*>& trials, int batch,
                       const EnergySource& source) {
    Measures measures;
    for (const auto* trial : trials) {
        if (trial->state == store::TrialState::kFailed) {
            ++measures.failed;
            if (measures.error.empty()) measures.error = trial->error;
        }
        if (trial->state != store::TrialState::kDone) continue;
        ++measures.done;
        if (const auto* window = store::find_phase(*trial, phase::kMeasure)) {
            read_window(*window, trial->block, batch, source, measures);
        }
        if (const auto* optimize = store::find_phase(*trial, phase::kOptimize)) {
            add(measures.optimize_energy_j, trial->block, joules(*optimize, source));
            add(measures.optimize_s, trial->block, optimize->duration_s());
        }
    }
    return measures;
}

std::optional<double> median_of(const std::vector<BlockValue>& values) {
    if (values.empty()) return std::nullopt;
    const statistics::Repetitions sample(values);
    return statistics::median(sample.values());
}

}  // namespace espalier::lab
