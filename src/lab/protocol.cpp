#include "lab/protocol.h"

#include <sys/resource.h>

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "lab/metered.h"
#include "lab/steady.h"

namespace espalier::lab {
namespace {

/// The first of the best tier that measures energy of a part; null where there is none but a model.
const meters::Description* best_energy(const std::vector<meters::Meter*>& meters, meters::Part part) {
    const meters::Description* best = nullptr;
    for (const auto* meter : meters) {
        const auto& description = meter->description();
        if (description.part != part || description.tier >= meters::Tier::kUncalibratedModel) continue;
        if (!meters::has_total(description)) continue;
        if (best == nullptr || description.tier < best->tier) best = &description;
    }
    return best;
}

/// Two clocks cannot be read at one moment; a machine that slept did so for longer than this.
constexpr Seconds kClockReads{0.01};

Seconds time_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9);
}

/// Takes the energies from a phase in which the machine slept.
void spoil(store::PhaseRecord& phase, Seconds slept) {
    for (auto& energy : phase.energies) {
        energy.joules.reset();
        if (energy.problem.empty())
            energy.problem = fmt::format("the machine slept for {:.1f} s", slept.value());
    }
}

/// The steps of one trial, each between two looks at the meters.
class Trial {
  public:
    Trial(const ProtocolSettings& settings, Workload& workload, meters::Sampler& sampler, Clock& clock,
          const std::function<Seconds()>& cpu_time, const std::function<Seconds()>& time_suspended,
          meters::Part executing)
        : settings_(settings),
          workload_(workload),
          sampler_(sampler),
          clock_(clock),
          cpu_time_(cpu_time),
          time_suspended_(time_suspended),
          executing_(executing) {}

    ProtocolOutcome run();

  private:
    template <typename Step>
    void phase(const char* name, Step&& step);
    void time_call(std::int64_t index, store::PhaseRecord& phase);
    void warm_up(store::PhaseRecord& phase);
    void measure(store::PhaseRecord& phase);
    void complete_predictions(store::PhaseRecord& phase);

    const ProtocolSettings& settings_;
    Workload& workload_;
    meters::Sampler& sampler_;
    Clock& clock_;
    const std::function<Seconds()>& cpu_time_;
    const std::function<Seconds()>& time_suspended_;
    const meters::Part executing_;
    ProtocolOutcome outcome_;
    std::vector<meters::Mark> edges_;
};

template <typename Step>
void Trial::phase(const char* name, Step&& step) {
    store::PhaseRecord record;
    record.name = name;
    const Seconds slept_before = time_suspended_();
    workload_.synchronize();
    const meters::Mark begin = sampler_.mark(meters::Edge::kBegin);
    const Seconds cpu_before = cpu_time_();
    record.start_s = clock_.now().value();
    step(record);
    workload_.synchronize();
    record.end_s = clock_.now().value();
    record.cpu_s = (cpu_time_() - cpu_before).value();
    const meters::Mark end = sampler_.mark(meters::Edge::kEnd);
    add_windows(sampler_.windows(begin, end), record);
    record.readings.push_back({"sampler cpu time", "s", meters::Sampler::own_cpu_time(begin, end).value()});
    const Seconds slept = time_suspended_() - slept_before;
    if (slept > kClockReads) {
        spoil(record, slept);
        outcome_.suspended += slept;
    }
    outcome_.phases.push_back(std::move(record));
    edges_.push_back(begin);
    edges_.push_back(end);
}

void Trial::time_call(std::int64_t index, store::PhaseRecord& phase) {
    const Seconds start = clock_.now();
    const std::int64_t images = workload_.call(index);
    phase.latency_s.push_back(static_cast<float>((clock_.now() - start).value()));
    phase.images += images;
    ++phase.calls;
}

void Trial::warm_up(store::PhaseRecord& phase) {
    const Seconds start = clock_.now();
    const std::int64_t in_pass = workload_.window_calls();
    for (;;) {
        time_call(phase.calls % in_pass, phase);
        if (phase.calls < settings_.warmup_calls) continue;
        if (is_steady(phase.latency_s)) return;
        if (clock_.now() - start >= settings_.warmup_cap) break;
    }
    outcome_.steady = false;
}

void Trial::measure(store::PhaseRecord& phase) {
    const Seconds end = clock_.now() + window_length(settings_, sampler_.meters(), executing_);
    const std::int64_t in_pass = workload_.window_calls();
    while (phase.calls < in_pass || clock_.now() < end) {
        const std::int64_t index = phase.calls % in_pass;
        const bool first_pass = phase.calls < in_pass;
        time_call(index, phase);
        if (first_pass) workload_.keep(index);
    }
}

void Trial::complete_predictions(store::PhaseRecord& phase) {
    const std::int64_t first = workload_.window_calls();
    for (std::int64_t index = first; index < first + workload_.further_calls(); ++index) {
        time_call(index, phase);
        workload_.keep(index);
    }
}

ProtocolOutcome Trial::run() {
    phase(phase::kIdle, [&](auto&) { clock_.sleep(settings_.idle); });
    phase(phase::kLoad, [&](auto&) { workload_.load(); });
    phase(phase::kOptimize, [&](auto&) { workload_.optimize(); });
    phase(phase::kWarmUp, [&](auto& record) { warm_up(record); });
    sampler_.fix_ranges();
    phase(phase::kMeasure, [&](auto& record) { measure(record); });
    if (workload_.further_calls() > 0) {
        phase(phase::kAccuracy, [&](auto& record) { complete_predictions(record); });
    }
    phase(phase::kUnload, [&](auto&) { workload_.unload(); });
    phase(phase::kIdleAfter, [&](auto&) { clock_.sleep(settings_.idle); });
    outcome_.traces = power_traces(sampler_, edges_.front(), edges_.back());
    return std::move(outcome_);
}

}  // namespace

Seconds window_length(const ProtocolSettings& settings, const std::vector<meters::Meter*>& meters,
                      meters::Part executing) {
    Seconds length = settings.window;
    for (const meters::Part part : {executing, meters::Part::kMachine}) {
        const auto* best = best_energy(meters, part);
        if (best != nullptr) length = std::max(length, meters::shortest_window(*best));
    }
    return length;
}

std::vector<meters::Meter*> suitable_meters(const ProtocolSettings& settings,
                                            const meters::Discovery& discovery) {
    std::vector<meters::Meter*> suitable;
    for (const auto& meter : discovery.meters) {
        if (meter->description().least_window <= settings.window) suitable.push_back(meter.get());
    }
    return suitable;
}

meters::Part executing_part(const std::string& device) {
    return device == "cpu" ? meters::Part::kProcessor : meters::Part::kGpu;
}

ProtocolOutcome carry_out(const ProtocolSettings& settings, Workload& workload, meters::Sampler& sampler,
                          Clock& clock, const std::function<Seconds()>& cpu_time,
                          const std::function<Seconds()>& time_suspended, meters::Part executing) {
    return Trial(settings, workload, sampler, clock, cpu_time, time_suspended, executing).run();
}

Seconds machine_time_suspended() { return time_of(CLOCK_BOOTTIME) - time_of(CLOCK_MONOTONIC); }

Seconds process_cpu_time() { return time_of(CLOCK_PROCESS_CPUTIME_ID); }

Seconds ended_children_cpu_time() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& time) {
        return Seconds(static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec));
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<Seconds> cpu_time_of(int process) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        return std::nullopt;
    return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9);
}

}  // namespace espalier::lab
