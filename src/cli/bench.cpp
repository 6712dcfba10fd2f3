#include <algorithm>
#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/variant_options.h"
#include "statistics/summary.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct BenchOptions {
    VariantOptions variant;
    AnyRuntimeOptions runtime;
    bool random_weights = false;
    double min_seconds = 2;
    int warmup = 5;
    bool profile = false;
};

/// Share of the last interval in which this machine's processors were idle; reads /proc/stat twice.
double idle_share(MonotonicClock& clock) {
    const auto read = [] {
        std::ifstream file("/proc/stat");
        std::string cpu;
        file >> cpu;
        std::vector<double> fields(8, 0.0);
        for (double& field : fields) file >> field;
        double total = 0;
        for (const double field : fields) total += field;
        return std::pair{fields[3] + fields[4], total};
    };
    const auto before = read();
    clock.sleep(Seconds(0.25));
    const auto after = read();
    return after.second > before.second ? (after.first - before.first) / (after.second - before.second) : 1.0;
}

Tensor random_images(const runtimes::ModelInfo& info, int batch) {
    Tensor images = Tensor::allocate(DType::kF32, {batch, info.channels, info.height, info.width});
    Random random(7);
    for (float& value : images.mutable_span<float>()) value = static_cast<float>(2 * random.uniform() - 1);
    return images;
}

/// Latencies of single calls in milliseconds, after the warm-up, until both the time and 20 calls are
/// reached.
std::vector<double> latencies(runtimes::Instance& instance, const Tensor& images,
                              const BenchOptions& options) {
    const MonotonicClock clock;
    for (int i = 0; i < options.warmup; ++i) instance.run(images);
    std::vector<double> result;
    const Seconds start = clock.now();
    while (result.size() < 20 || clock.now() - start < Seconds(options.min_seconds)) {
        const Seconds before = clock.now();
        instance.run(images);
        result.push_back(1e3 * (clock.now() - before).value());
    }
    return result;
}

/// Where the time goes: the median of each step over several runs, largest first.
void print_profile(runtimes::NativeInstance& instance, const Tensor& images) {
    constexpr int kRuns = 15;
    std::vector<std::vector<engine::StepTime>> runs;
    for (int i = 0; i < kRuns; ++i) runs.push_back(instance.session().profile(images));
    std::vector<engine::StepTime> steps = runs.front();
    double total = 0;
    for (std::size_t s = 0; s < steps.size(); ++s) {
        std::vector<double> times;
        for (const auto& run : runs) times.push_back(run[s].seconds);
        std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
        steps[s].seconds = times[kRuns / 2];
        total += steps[s].seconds;
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
    fmt::print("\n  {:>9} {:>6} {:>9}  {:<28} {}\n", "ms", "share", "GMAC/s", "kernel", "node");
    for (const auto& step : steps) {
        fmt::print("  {:>9.3f} {:>5.1f}% {:>9.1f}  {:<28} {}  {}\n", 1e3 * step.seconds,
                   100 * step.seconds / total, static_cast<double>(step.macs) / step.seconds / 1e9,
                   step.kernel, step.node, step.op);
    }
}

void bench(BenchOptions options, const Globals& globals) {
    if (options.random_weights) options.variant.random_weights = 1;
    options.variant.noise_will_do = true;
    const AnyVariant made = make_variant(options.variant, options.runtime, globals);
    const auto& instance = made.instance;
    if (options.profile && made.native == nullptr) {
        fail_usage("--profile shows the steps of our own engine; what another runtime executes is not known");
    }
    MonotonicClock clock;
    const double idle = idle_share(clock);
    if (idle < 0.9) {
        log::warn(
            "the machine is {:.0f} % busy; these times are not to be trusted. Stop what else runs, then "
            "repeat",
            100 * (1 - idle));
    }
    const Tensor images = random_images(instance->info(), options.variant.batch);
    const std::vector<double> ms = latencies(*instance, images, options);
    const double median = statistics::median(ms);
    const double p95 = statistics::quantile(ms, 0.95);
    const double rate = 1e3 * options.variant.batch / median;
    const auto evidence = instance->evidence();
    if (globals.json) {
        const json document = {
            {"schema", "espalier.bench/1"},
            {"model", instance->info().name},
            {"tactic", made.tactic},
            {"runtime", options.runtime.runtime},
            {"batch", options.variant.batch},
            {"threads", options.variant.threads > 0 ? options.variant.threads : usable_cpus()},
            {"median_ms", median},
            {"p95_ms", p95},
            {"images_per_s", rate},
            {"calls", ms.size()},
            {"idle_share_before", idle},
            {"latencies_ms", ms},
            {"evidence", runtimes::to_json(evidence)}};
        fmt::print("{}\n", document.dump());
        return;
    }
    fmt::print("{}  {}{}  batch {}\n", instance->info().name,
               made.native != nullptr ? "" : options.runtime.runtime + "/", made.tactic,
               options.variant.batch);
    fmt::print("  median {:.3f} ms   p95 {:.3f} ms   {:.1f} images/s   ({} calls)\n", median, p95, rate,
               ms.size());
    if (evidence.macs) fmt::print("  {:.1f} GMAC/s\n", rate * static_cast<double>(*evidence.macs) / 1e9);
    if (evidence.weight_bytes) fmt::print("  {} of weights in memory\n", human_bytes(*evidence.weight_bytes));
    if (evidence.arena_bytes)
        fmt::print("  {} of activations in memory\n", human_bytes(*evidence.arena_bytes));
    if (options.variant.batch > 1 && !evidence.schedule.empty())
        fmt::print("  the batch runs in {}\n", evidence.schedule);
    if (options.variant.autotune) {
        fmt::print("  the kernels of {} layers were chosen by measurement\n",
                   made.native->session().execution().tuned_layers);
    }
    if (evidence.calibration) fmt::print("  {}\n", runtimes::describe(*evidence.calibration));
    for (const auto& note : evidence.notes) {
        if (made.native == nullptr) fmt::print("  {}\n", note);
    }
    if (options.profile) print_profile(*made.native, images);
}

}  // namespace

void add_bench(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<BenchOptions>();
    CLI::App* command = app.add_subcommand("bench", "Latency and throughput alone, on random pixels");
    command->group("Try");
    add_variant_options(*command, options->variant, 1);
    add_autotune_option(*command, options->variant);
    add_any_runtime_options(*command, options->runtime);
    command->add_flag("--random-weights", options->random_weights,
                      "Build from config.json alone, with seeded weights");
    command->add_option("--min-time", options->min_seconds, "Seconds to measure at least")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    command->add_option("--warmup", options->warmup, "Calls before measuring")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    command->add_flag("--profile", options->profile, "Show the time of every step");
    command->footer("Example: espalier bench --model zoo/models/vit-mini --tactic compile --threads 2");
    command->callback([options, &globals] { bench(*options, globals); });
}

}  // namespace espalier::cli
