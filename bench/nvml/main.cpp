// Examines the energy counter and the power sensors of the GPUs that this process can use, idle and under a
// load:
//
//     bench_nvml [--seconds N] [--trace FILE] [-- COMMAND OF A LOAD...]
//
// For each state: what one read costs, how often each source shows a new value, and windows of N seconds in
// which the difference of the counter stands beside integrated power. With --trace it only polls everything
// for N seconds and writes what changed as CSV. README.md in this folder tells how to read the answer.

#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "meters/discovery.h"
#include "meters/nvml/energy_meter.h"
#include "meters/nvml/memory_meter.h"
#include "meters/nvml/power_meter.h"
#include "meters/nvml/snapshot.h"
#include "meters/nvml/utilization_meter.h"
#include "meters/sampler.h"

namespace espalier {
namespace {

using meters::nvml::Gpu;
using meters::nvml::PowerSource;

struct Options {
    double seconds = 12;
    double warm_up = 20;  ///< of the load, before it is measured
    std::string trace;
    std::vector<std::string> load;
};

/// The load, as a process of its own that is ended with this object.
class Load {
  public:
    explicit Load(const std::vector<std::string>& command) {
        std::vector<char*> words;
        for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        process_ = ::fork();
        if (process_ < 0) fail("no process could be made for the load");
        if (process_ == 0) {
            ::execvp(words[0], words.data());
            ::_exit(127);
        }
    }
    ~Load() { stop(); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    bool runs() { return process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) == 0; }
    void stop() {
        if (process_ <= 0) return;
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

  private:
    pid_t process_ = -1;
};

/// A number that one source shows, and what it is called.
struct Source {
    const char* name;
    std::function<double()> read;  ///< negative where it fails
};

double power_of(const Gpu& gpu, PowerSource source) {
    const auto answer = meters::nvml::ask_power(gpu, source);
    return answer.plausible() ? answer.power.value() : -1;
}

double energy_of(const Gpu& gpu) {
    unsigned long long millijoules = 0;
    const auto result = call(gpu.library->functions().total_energy, gpu.device, &millijoules);
    return result == meters::nvml::Result::kSuccess ? 1e-3 * static_cast<double>(millijoules) : -1;
}

std::vector<Source> sources_of(const Gpu& gpu) {
    return {{"energy counter", [&gpu] { return energy_of(gpu); }},
            {"instant power", [&gpu] { return power_of(gpu, PowerSource::kInstant); }},
            {"average power", [&gpu] { return power_of(gpu, PowerSource::kAverage); }},
            {"power usage", [&gpu] { return power_of(gpu, PowerSource::kUsage); }}};
}

double quantile(std::vector<double> values, double p) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

/// Time of one call, in microseconds: called back to back, and after a rest of 100 ms, as a sampler calls it.
void show_cost(const std::string& name, const std::function<void()>& read, Clock& clock) {
    std::vector<double> hot;
    std::vector<double> rested;
    const auto once = [&](std::vector<double>& times) {
        const Seconds start = clock.now();
        read();
        times.push_back(1e6 * (clock.now() - start).value());
    };
    for (int i = 0; i < 100; ++i) once(hot);
    for (int i = 0; i < 10; ++i) {
        clock.sleep(Seconds(0.1));
        once(rested);
    }
    fmt::print("  {:<22} {:8.1f} us at once (90 %: {:.1f}), {:8.1f} us after a rest (most: {:.1f})\n", name,
               quantile(hot, 0.5), quantile(hot, 0.9), quantile(rested, 0.5), quantile(rested, 1.0));
}

/// Polls a source and shows how far its changes are apart, in milliseconds. Changes that follow within a
/// millisecond belong to one renewal, of which the first is shown.
void show_refresh(const Source& source, Clock& clock, Seconds length) {
    constexpr double kOneRenewal = 1.0;
    std::vector<double> apart;
    std::vector<std::string> steps;
    double last = source.read();
    Seconds changed = clock.now();
    long polls = 0;
    long refused = 0;
    for (const Seconds end = changed + length; clock.now() < end; ++polls) {
        const double value = source.read();
        refused += value < 0 ? 1 : 0;
        if (value == last) continue;
        const double since = 1e3 * (clock.now() - changed).value();
        if (steps.size() < 6) steps.push_back(fmt::format("{:.4f} -> {:.3f}", since, value));
        last = value;
        if (since < kOneRenewal) continue;
        apart.push_back(since);
        changed = clock.now();
    }
    if (apart.size() > 1) apart.erase(apart.begin());  // begins in the middle of a period
    const std::string typical =
        apart.size() < 5
            ? "unknown"
            : fmt::format("{:.1f} ms (10 %: {:.1f}, 90 %: {:.1f}, longest: {:.1f})", quantile(apart, 0.5),
                          quantile(apart, 0.1), quantile(apart, 0.9), quantile(apart, 1.0));
    fmt::print("  {:<22} new value each {}; {} polls, {} refused\n", source.name, typical, polls, refused);
    for (const std::string& step : steps) fmt::print("      ms -> value  {}\n", step);
}

std::vector<std::unique_ptr<meters::Meter>> meters_of(const std::vector<Gpu>& gpus, Clock& clock) {
    std::vector<std::unique_ptr<meters::Meter>> list;
    list.push_back(std::make_unique<meters::nvml::EnergyMeter>(clock, gpus));
    for (const PowerSource source : {PowerSource::kInstant, PowerSource::kAverage, PowerSource::kUsage})
        list.push_back(std::make_unique<meters::nvml::PowerMeter>(clock, gpus, source));
    list.push_back(std::make_unique<meters::nvml::UtilizationMeter>(clock, gpus));
    list.push_back(std::make_unique<meters::nvml::GpuMemoryMeter>(clock, gpus));
    return list;
}

void show_window(const std::vector<meters::WindowReading>& windows) {
    const auto& counter = windows.front();
    for (const auto& window : windows) {
        if (window.unit != meters::UnitKind::kCumulativeEnergy) {
            const auto& amount = window.zones.front().amount;
            fmt::print("    {:<50} {}\n", window.source,
                       amount ? fmt::format("{}", meters::number(*amount)) : "unknown");
            continue;
        }
        if (!window.energy) {
            fmt::print("    {:<50} {}\n", window.source, window.problem);
            continue;
        }
        fmt::print("    {:<50} {:10.2f} J = {:7.2f} W, u {:.2f} J", window.source, window.energy->value(),
                   (*window.energy / window.duration()).value(), window.uncertainty.standard().value());
        if (counter.energy && &window != &counter)
            fmt::print("; counter / this {:.4f}", *counter.energy / *window.energy);
        fmt::print("\n");
    }
}

void show_windows(const std::vector<Gpu>& gpus, Clock& clock, Seconds length, int count) {
    const auto list = meters_of(gpus, clock);
    std::vector<meters::Meter*> pointers;
    for (const auto& meter : list) pointers.push_back(meter.get());
    meters::Sampler sampler(pointers, clock);
    sampler.start();
    for (int i = 0; i < count; ++i) {
        clock.sleep(Seconds(0.037 * i));  // another phase of the refresh each time
        const auto begin = sampler.mark();
        clock.sleep(length);
        const auto end = sampler.mark();
        fmt::print(
            "  window {} of {:.1f} s, sampled each {:.0f} ms; the sampler used {:.2f} % of a processor\n",
            i + 1, length.value(), 1e3 * sampler.period().value(),
            100 * (meters::Sampler::own_cpu_time(begin, end) / length));
        show_window(sampler.windows(begin, end));
    }
}

void examine(const char* state, const std::vector<Gpu>& gpus, Clock& clock, const Options& options,
             int windows) {
    fmt::print("\n{}\n", state);
    for (const auto& snapshot : meters::nvml::look_at(gpus)) fmt::print("  {}\n", to_json(snapshot).dump());
    for (const Source& source : sources_of(gpus.front()))
        show_cost(
            source.name, [&] { source.read(); }, clock);
    for (const auto& meter : meters_of(gpus, clock))
        show_cost(
            meter->description().name, [&] { meter->read(); }, clock);
    for (const Source& source : sources_of(gpus.front())) show_refresh(source, clock, Seconds(3));
    show_windows(gpus, clock, Seconds(options.seconds), windows);
    std::fflush(stdout);
}

/// Rows of time and all sources, whenever one of them changed.
void trace(const Gpu& gpu, Clock& clock, const Options& options) {
    std::FILE* file = std::fopen(options.trace.c_str(), "w");
    if (file == nullptr) fail("{} cannot be written", options.trace);
    fmt::print(file, "time_s,counter_j,instant_w,average_w,usage_w,utilization_percent\n");
    std::vector<double> last;
    const Seconds start = clock.now();
    while (clock.now() - start < Seconds(options.seconds)) {
        std::vector<double> values;
        for (const Source& source : sources_of(gpu)) values.push_back(source.read());
        meters::nvml::UtilizationRates rates{};
        call(gpu.library->functions().utilization, gpu.device, &rates);
        values.push_back(rates.gpu);
        if (values != last) {
            fmt::print(file, "{:.5f}", (clock.now() - start).value());
            for (const double value : values) fmt::print(file, ",{:.3f}", value);
            fmt::print(file, "\n");
        }
        last = std::move(values);
    }
    std::fclose(file);
}

std::vector<Gpu> gpus_here(Clock& clock) {
    const meters::SystemFiles files;
    meters::nvml::Access access;
    access.open = meters::nvml::open_system_library;
    auto discovery = meters::discover({.files = files, .clock = clock, .gpus = access});
    for (const auto& finding : discovery.findings) {
        if (finding.source.rfind("nvml", 0) != 0) continue;
        fmt::print("{}: {}; {}{}\n", finding.source, name(finding.availability.state),
                   finding.availability.reason,
                   finding.availability.fix.empty() ? "" : " -> " + finding.availability.fix);
    }
    if (discovery.gpus.empty()) throw Error("no GPU can be examined here", ErrorKind::kCannotMeasure);
    return discovery.gpus;
}

void examine_all(const Options& options) {
    MonotonicClock clock;
    const auto gpus = gpus_here(clock);
    if (!options.trace.empty()) {
        std::optional<Load> load;
        if (!options.load.empty()) load.emplace(options.load);
        trace(gpus.front(), clock, options);
        return;
    }
    examine("idle", gpus, clock, options, 2);
    if (options.load.empty()) return;
    Load load(options.load);
    clock.sleep(Seconds(options.warm_up));
    if (!load.runs()) fail("the load ended before it was measured");
    examine("under load", gpus, clock, options, 4);
    load.stop();
    clock.sleep(Seconds(5));
    examine("idle after the load", gpus, clock, options, 1);
}

}  // namespace
}  // namespace espalier

int main(int argc, char** argv) {
    espalier::Options options;
    CLI::App app("Energy counter and power sensors of GPUs beside each other");
    app.add_option("--seconds", options.seconds, "Length of a window, or of the trace");
    app.add_option("--warm-up", options.warm_up, "Seconds of load before it is measured");
    app.add_option("--trace", options.trace, "Poll everything and write what changed to this file");
    app.add_option("load", options.load, "Command of a load, after --");
    CLI11_PARSE(app, argc, argv);
    try {
        espalier::examine_all(options);
    } catch (const std::exception& problem) {
        fmt::print(stderr, "bench_nvml: {}\n", problem.what());
        return 1;
    }
    return 0;
}
