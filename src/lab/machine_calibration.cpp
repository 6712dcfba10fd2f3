#include "lab/machine_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "lab/comparison.h"
#include "lab/design.h"
#include "meters/window.h"
#include "statistics/effect_size.h"
#include "statistics/gum.h"

namespace espalier::lab {
namespace {

constexpr int kMostWindows = 6;
/// Calls that are timed to find out how many make up a run.
constexpr Seconds kPilot{0.2};

bool measures_energy(const meters::Description& description) {
    return meters::shortest_window(description) > Seconds(0.0);
}

int windows_for(const meters::Description& description, Seconds duration) {
    const double fit = duration / meters::shortest_window(description);
    return std::clamp(static_cast<int>(fit), 1, kMostWindows);
}

/// Every k-th mark, so that a meter's windows are whole numbers of the shortest steps.
std::vector<meters::WindowReading> windows_of(const meters::Sampler& sampler,
                                              const std::vector<meters::Mark>& marks, std::size_t meter,
                                              int windows) {
    std::vector<meters::WindowReading> result;
    const std::size_t steps = marks.size() - 1;
    for (int i = 0; i < windows; ++i) {
        const auto from = steps * static_cast<std::size_t>(i) / static_cast<std::size_t>(windows);
        const auto to = steps * static_cast<std::size_t>(i + 1) / static_cast<std::size_t>(windows);
        result.push_back(sampler.windows(marks[from], marks[to])[meter]);
    }
    return result;
}

void set_interval(const std::vector<statistics::BlockValue>& watts,
                  const std::vector<statistics::BlockValue>& budgets, IdlePower& power) {
    const statistics::Repetitions sample(watts);
    const auto figure = statistics::mean_with_uncertainty(sample, statistics::Repetitions(budgets));
    // One window has no scatter that could be seen; its budget alone is left.
    const auto sources = figure ? figure->sources
                                : std::vector<statistics::UncertaintySource>{
                                      {.component = "meter", .standard = budgets.front().value}};
    const auto combined = statistics::combine(sources);
    power.standard = combined.standard;
    power.low = *power.watts - combined.expanded;
    power.high = *power.watts + combined.expanded;
}

IdlePower idle_power(const meters::Description& description,
                     const std::vector<meters::WindowReading>& windows) {
    IdlePower power;
    power.meter = description.name;
    power.source = description.source;
    power.tier = std::string(1, meters::letter(description.tier));
    power.scope = description.scope;
    power.device = meters::name(description.part);
    power.windows = static_cast<int>(windows.size());
    std::vector<statistics::BlockValue> watts;
    std::vector<statistics::BlockValue> budgets;
    double sum = 0.0;
    for (const auto& window : windows) {
        if (!window.energy) {
            power.problem = window.problem;
            return power;
        }
        const auto block = static_cast<std::int64_t>(watts.size());
        watts.push_back({block, (*window.energy / window.duration()).value()});
        budgets.push_back({block, (window.uncertainty.standard() / window.duration()).value()});
        sum += watts.back().value;
    }
    power.watts = sum / static_cast<double>(watts.size());
    if (description.factor) {
        power.low = *power.watts * description.factor->low;
        power.high = *power.watts * description.factor->high;
    } else {
        set_interval(watts, budgets, power);
    }
    return power;
}

Seconds run(Workload& workload, Clock& clock, std::int64_t calls) {
    const Seconds start = clock.now();
    for (std::int64_t i = 0; i < calls; ++i) workload.call(i % workload.window_calls());
    workload.synchronize();
    return clock.now() - start;
}

/// Calls that take about `length`; the caches are warm afterwards.
std::int64_t calls_for(Workload& workload, Clock& clock, Seconds length) {
    std::int64_t calls = 0;
    const Seconds start = clock.now();
    while (clock.now() - start < std::min(kPilot, length)) workload.call(calls++ % workload.window_calls());
    return std::max<std::int64_t>(
        1, std::llround(static_cast<double>(calls) * (length / (clock.now() - start))));
}

/// Times with and without the sampler, and its processor time.
struct OverheadRuns {
    std::vector<statistics::BlockValue> with;
    std::vector<statistics::BlockValue> without;
    Seconds sampler_cpu;
    Seconds all_cpu;
};

void run_with_sampler(meters::Sampler& sampler, Workload& workload, Clock& clock, std::int64_t calls,
                      const std::function<Seconds()>& cpu_time, std::int64_t pair, OverheadRuns& runs) {
    sampler.start();
    const Seconds cpu_before = cpu_time();
    const meters::Mark begin = sampler.mark(meters::Edge::kBegin);
    runs.with.push_back({pair, run(workload, clock, calls).value()});
    const meters::Mark end = sampler.mark(meters::Edge::kEnd);
    runs.all_cpu += cpu_time() - cpu_before;
    sampler.stop();
    runs.sampler_cpu += meters::Sampler::own_cpu_time(begin, end);
    sampler.clear();
}

}  // namespace

std::vector<IdlePower> measure_idle(meters::Sampler& sampler, Clock& clock, Seconds duration) {
    Seconds length = duration;
    for (const auto* meter : sampler.meters())
        length = std::max(length, meters::shortest_window(meter->description()));
    sampler.start();
    std::vector<meters::Mark> marks = {sampler.mark(meters::Edge::kBegin)};
    for (int i = 0; i < kMostWindows; ++i) {
        clock.sleep(length / kMostWindows);
        marks.push_back(sampler.mark());
    }
    sampler.stop();
    std::vector<IdlePower> powers;
    for (std::size_t i = 0; i < sampler.meters().size(); ++i) {
        const auto& description = sampler.meters()[i]->description();
        if (!measures_energy(description)) continue;
        powers.push_back(
            idle_power(description, windows_of(sampler, marks, i, windows_for(description, length))));
    }
    sampler.clear();
    return powers;
}

SamplerOverhead measure_overhead(meters::Sampler& sampler, Workload& workload, Clock& clock,
                                 const std::function<Seconds()>& cpu_time, int pairs, Seconds length,
                                 std::uint64_t seed) {
    OverheadRuns runs;
    Random random(seed);
    const std::int64_t calls = calls_for(workload, clock, length);
    for (std::int64_t pair = 0; pair < pairs; ++pair) {
        const bool sampler_first = random.below(2) == 0;
        if (sampler_first) run_with_sampler(sampler, workload, clock, calls, cpu_time, pair, runs);
        runs.without.push_back({pair, run(workload, clock, calls).value()});
        if (!sampler_first) run_with_sampler(sampler, workload, clock, calls, cpu_time, pair, runs);
    }
    const auto ratio = statistics::hodges_lehmann_ratio(
        {statistics::Repetitions(runs.without), statistics::Repetitions(runs.with)});
    SamplerOverhead overhead;
    overhead.meters = static_cast<int>(sampler.meters().size());
    overhead.period_s = sampler.period().value();
    overhead.pairs = pairs;
    overhead.cpu_share = runs.all_cpu > Seconds(0.0) ? runs.sampler_cpu / runs.all_cpu : 0.0;
    overhead.ratio = ratio.value;
    overhead.interval = ratio.interval;
    return overhead;
}

std::vector<NoiseFloor> measure_noise(const MachineSettings& settings, const Execute& execute,
                                      const std::function<bool()>& stop,
                                      const std::function<void(int, int)>& progress) {
    std::vector<store::TrialRecord> arms[2];
    int done = 0;
    for (const Cell& cell : make_design(2, settings.blocks, settings.seed)) {
        auto outcome = execute(settings.trial, stop);
        if (outcome.kind == TrialOutcome::Kind::kInterrupted || stop())
            fail("the calibration was interrupted; nothing of it is kept");
        if (outcome.kind != TrialOutcome::Kind::kDone)
            fail("a trial of the calibration failed: {}", outcome.detail);
        auto& trial = outcome.result.measured;
        trial.state = store::TrialState::kDone;
        trial.block = cell.block;
        arms[cell.variant].push_back(std::move(trial));
        progress(++done, 2 * settings.blocks);
    }
    const auto pointers = [](const std::vector<store::TrialRecord>& trials) {
        std::vector<const store::TrialRecord*> list;
        for (const auto& trial : trials) list.push_back(&trial);
        return list;
    };
    const auto source = choose_energy_source(pointers(arms[0]), settings.trial.device);
    return noise_floors(read_measures(pointers(arms[0]), settings.trial.batch, source),
                        read_measures(pointers(arms[1]), settings.trial.batch, source), source);
}

TrialRequest baseline_trial(const Prepared& prepared) {
    const auto& source = prepared.models.front();
    const auto& model = prepared.study.models.front();
    TrialRequest request;
    request.model = model.path;
    request.model_sha256 = model.sha256;
    request.tactic = "baseline";
    request.runtime = "native";
    request.batch = prepared.plan.batch;
    request.threads = prepared.plan.threads;
    request.pixels = source.pixels;
    request.pixels_key = source.pixels_key;
    request.protocol = prepared.plan.protocol;
    return request;
}

Prospect prospect(const MachineCalibration& calibration, int blocks, int variants) {
    for (const char* quantity : {"energy", "time"}) {
        for (const auto& floor : calibration.noise) {
            if (floor.quantity != quantity) continue;
            return {quantity, detectable_saving(floor.spread, static_cast<std::size_t>(std::max(blocks, 0)),
                                                static_cast<std::size_t>(std::max(variants, 1)))};
        }
    }
    return {};
}

}  // namespace espalier::lab
