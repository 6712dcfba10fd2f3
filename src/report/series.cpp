#include "report/series.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "report/metrics.h"
#include "statistics/summary.h"
#include "store/net_energy.h"
#include "store/totals.h"

namespace espalier::report {
namespace {

/// What a number is computed from.
struct Look {
    const store::TrialRecord& trial;
    const store::VariantRecord& variant;
    const EnergySource& energy;
};

/// A number or the reason why there is none.
struct Finding {
    Number value;
    std::string reason;
    Number budget;  ///< standard uncertainty of the value that its meter states
};

Finding gap(std::string reason) { return {std::nullopt, std::move(reason)}; }

Finding joules(const Look& look, const char* phase_name) {
    const auto* phase = store::find_phase(look.trial, phase_name);
    if (phase == nullptr) return gap(std::string("the trial has no phase '") + phase_name + "'");
    if (!look.energy.known()) return gap("no energy source could be read");
    for (const auto& total : store::energy_totals(*phase)) {
        if (total.meter != look.energy.meter) continue;
        if (total.tier != look.energy.tier || total.scope != look.energy.scope)
            return gap("another tier or scope than the other trials: " + total.tier + ", " + total.scope);
        return {total.joules, total.problem,
                store::find_reading(*phase, look.energy.meter + " standard uncertainty")};
    }
    return gap("the meter '" + look.energy.meter + "' was not read");
}

const store::PhaseRecord* window(const Look& look) { return store::find_phase(look.trial, "measure"); }

/// `numerator` divided by `denominator` of the measured window, where both are there and it is not 0.
Finding ratio(const Finding& numerator, double denominator) {
    if (!numerator.value) return numerator;
    if (!(denominator > 0.0)) return gap("the measured window is empty");
    Number budget;
    if (numerator.budget) budget = *numerator.budget / denominator;
    return {*numerator.value / denominator, "", budget};
}

Finding energy(const Look& look) {
    const auto* phase = window(look);
    return ratio(joules(look, "measure"), phase ? static_cast<double>(phase->images) : 0.0);
}

Finding net_energy(const Look& look) {
    if (!look.energy.counts()) return gap("an estimate has no idle power of its own");
    const auto* phase = window(look);
    const auto net = store::net_energy(look.trial, look.energy.meter);
    return ratio({net.joules, net.problem, net.standard}, phase ? static_cast<double>(phase->images) : 0.0);
}

Finding power(const Look& look) {
    const auto* phase = window(look);
    return ratio(joules(look, "measure"), phase ? phase->duration_s() : 0.0);
}

/// A quantile of the calls' times, in ms for each image of a call.
Finding call_time(const Look& look, double p) {
    const auto* phase = window(look);
    if (phase == nullptr || phase->latency_s.empty()) return gap("the calls were not timed one by one");
    if (p > 0.5 && phase->latency_s.size() < 2) return gap("one call alone has no percentiles");
    const std::vector<double> seconds(phase->latency_s.begin(), phase->latency_s.end());
    // Where the batch is unknown, times are of images.
    return {statistics::quantile(seconds, p) * 1e3 / std::max(look.variant.batch, 1), ""};
}

Finding median_time(const Look& look) { return call_time(look, 0.5); }
Finding p95_time(const Look& look) { return call_time(look, 0.95); }

Finding throughput(const Look& look) {
    const auto* phase = window(look);
    if (phase == nullptr) return gap("the trial has no measured window");
    return ratio({static_cast<double>(phase->images), ""}, phase->duration_s());
}

Finding utilization(const Look& look) {
    const auto* phase = window(look);
    if (phase == nullptr || !phase->cpu_s || look.variant.threads < 1)
        return gap("processor time was not read");
    return ratio({*phase->cpu_s * 100.0, ""}, phase->duration_s() * look.variant.threads);
}

/// The readings of a meter of GPUs in the measured window, one for each GPU.
std::vector<double> of_gpus(const Look& look, const std::string& meter) {
    std::vector<double> values;
    const auto* phase = window(look);
    if (phase == nullptr) return values;
    for (const auto& reading : phase->readings) {
        // A zone within a GPU, such as its memory controller, stands behind a slash.
        const bool whole = reading.name.find('/') == std::string::npos;
        if (whole && reading.value && reading.name.starts_with(meter + " ")) values.push_back(*reading.value);
    }
    return values;
}

Finding gpu_utilization(const Look& look) {
    const auto shares = of_gpus(look, "nvml-utilization");
    if (shares.empty()) return gap("no meter told the utilization of the GPU");
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    return {sum / static_cast<double>(shares.size()) * 100.0, ""};
}

Finding gpu_memory(const Look& look) {
    const auto bytes = of_gpus(look, "nvml-memory");
    if (bytes.empty()) return gap("no meter told the memory of the GPU");
    return {std::accumulate(bytes.begin(), bytes.end(), 0.0), ""};
}

Finding sampler_share(const Look& look) {
    const auto* phase = window(look);
    const auto sampler = phase ? store::find_reading(*phase, "sampler cpu time") : std::nullopt;
    if (!sampler || !phase->cpu_s) return gap("the sampler's processor time was not recorded");
    return ratio({*sampler * 100.0, ""}, *phase->cpu_s);
}

Finding memory(const Look& look) {
    const auto* phase = window(look);
    const auto peak = phase ? store::find_reading(*phase, "memory peak") : std::nullopt;
    return peak ? Finding{peak, ""} : gap("memory was not read");
}

Finding optimize_time(const Look& look) {
    const auto* phase = store::find_phase(look.trial, "optimize");
    return phase ? Finding{phase->duration_s(), ""} : gap("the trial has no phase 'optimize'");
}

Finding optimize_energy(const Look& look) { return joules(look, "optimize"); }

struct Reader {
    const char* key;
    Finding (*read)(const Look&);
    bool of_gpu = false;  ///< of what is executed on a GPU only
};

constexpr std::array kReaders = {
    Reader{key::kEnergy, energy},
    Reader{key::kNetEnergy, net_energy},
    Reader{key::kPower, power},
    Reader{key::kTime, median_time},
    Reader{key::kTimeP95, p95_time},
    Reader{key::kThroughput, throughput},
    Reader{key::kUtilization, utilization},
    Reader{key::kGpuUtilization, gpu_utilization, true},
    Reader{key::kGpuMemory, gpu_memory, true},
    Reader{key::kSamplerShare, sampler_share},
    Reader{key::kMemory, memory},
    Reader{key::kOptimizeTime, optimize_time},
    Reader{key::kOptimizeEnergy, optimize_energy},
};

/// The numbers that are known, by block.
statistics::Repetitions sample(const std::vector<int>& blocks, const std::vector<Number>& numbers) {
    std::vector<statistics::BlockValue> known;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i]) known.push_back({blocks[i], *numbers[i]});
    }
    return statistics::Repetitions(known);
}

void append(Series& series, const store::TrialRecord* trial, const Reader& reader,
            const store::VariantRecord& variant, const EnergySource& energy) {
    Finding found = gap("not measured yet");
    if (trial != nullptr && trial->state == store::TrialState::kFailed)
        found = gap(trial->error.empty() ? "the trial failed" : trial->error);
    if (trial != nullptr && trial->state == store::TrialState::kDone)
        found = reader.read({*trial, variant, energy});
    if (!found.value && !series.reason) series.reason = found.reason;
    series.values.push_back(found.value);
    series.budgets.push_back(found.value ? found.budget : Number());
}

}  // namespace

statistics::Repetitions Series::repetitions() const { return sample(blocks, values); }

statistics::Repetitions Series::stated() const { return sample(blocks, budgets); }

std::size_t Series::present() const {
    return static_cast<std::size_t>(
        std::count_if(values.begin(), values.end(), [](const Number& value) { return value.has_value(); }));
}

EnergySource choose_energy_source(const std::vector<const store::TrialRecord*>& trials,
                                  const std::string& device) {
    for (const auto* trial : trials) {
        const auto* phase = store::find_phase(*trial, "measure");
        if (trial->state != store::TrialState::kDone || phase == nullptr) continue;
        const auto totals = store::energy_totals(*phase, device);
        if (totals.empty()) continue;
        const auto& best = totals.front();
        return {best.meter, best.tier, best.scope, best.factor_low, best.factor_high};
    }
    return {};
}

std::map<std::string, Series> read_series(const std::vector<const store::TrialRecord*>& trials,
                                          const std::vector<int>& blocks, const EnergySource& energy,
                                          const store::VariantRecord& variant) {
    std::map<int, const store::TrialRecord*> by_block;
    for (const auto* trial : trials) by_block[trial->block] = trial;
    std::map<std::string, Series> all;
    for (const auto& reader : kReaders) {
        if (reader.of_gpu && variant.device == "cpu") continue;
        Series& series = all[reader.key];
        series.blocks = blocks;
        for (int block : blocks) {
            const auto found = by_block.find(block);
            append(series, found == by_block.end() ? nullptr : found->second, reader, variant, energy);
        }
    }
    return all;
}

}  // namespace espalier::report
