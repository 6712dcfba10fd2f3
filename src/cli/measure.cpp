#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/gpu_access.h"
#include "lab/measured_command.h"
#include "lab/quantities.h"
#include "meters/discovery.h"
#include "meters/json.h"
#include "statistics/summary.h"

namespace espalier::cli {
namespace {

using lab::CommandRun;
using lab::MeasuredCommand;
using meters::WindowReading;
using nlohmann::json;

constexpr int kCannotMeasure = 3;

struct MeasureOptions {
    int runs = 1;
    std::string idle;
    std::string root = "/";
    std::string output;
    std::vector<std::string> command;
};

/// The meters that measure energy here. A model of tier E is none.
std::vector<meters::Meter*> energy_meters(const meters::Discovery& discovery) {
    std::vector<meters::Meter*> found;
    for (const auto& meter : discovery.meters) {
        const auto& description = meter->description();
        const bool energy = description.unit == meters::UnitKind::kCumulativeEnergy ||
                            description.unit == meters::UnitKind::kPower;
        if (energy && description.tier < meters::Tier::kUncalibratedModel) found.push_back(meter.get());
    }
    return found;
}

bool may_measure_energy(const meters::Finding& finding) {
    return finding.tier < meters::Tier::kUncalibratedModel &&
           finding.availability.state != meters::State::kOk;
}

/// The sources that are not measured: one line each, with the reason.
std::string missing(const meters::Discovery& discovery) {
    std::string lines;
    for (const auto& finding : discovery.findings) {
        if (!may_measure_energy(finding)) continue;
        lines += fmt::format("\n  {}: {}: {}", finding.what, name(finding.availability.state),
                             finding.availability.reason);
    }
    return lines;
}

/// Says what is not measured although it is there. A machine without a GPU lacks nothing.
void warn_of_missing(const meters::Discovery& discovery) {
    for (const auto& finding : discovery.findings) {
        if (!may_measure_energy(finding) || finding.availability.state == meters::State::kAbsent) continue;
        log::warn("not measured: {}: {}: {}. See: espalier doctor", finding.what,
                  name(finding.availability.state), finding.availability.reason);
    }
}

json above_json(const MeasuredCommand& measured, const CommandRun& run, std::size_t meter) {
    if (measured.idle_before.empty()) return nullptr;
    const auto above =
        lab::above_idle(measured.idle_before[meter], run.windows[meter], measured.idle_after[meter]);
    if (!above) return nullptr;
    return {{"energy_j", above->energy.value()},
            {"standard_uncertainty_j", above->standard.value()},
            {"idle_before_w", above->idle_before.value()},
            {"idle_after_w", above->idle_after.value()},
            {"doubtful", above->doubtful}};
}

json run_json(const MeasuredCommand& measured, const CommandRun& run) {
    json windows = json::array();
    for (std::size_t i = 0; i < run.windows.size(); ++i) {
        json window = to_json(run.windows[i]);
        window["above_idle"] = above_json(measured, run, i);
        windows.push_back(std::move(window));
    }
    json energies = json::array();
    for (const std::size_t i : run.best) {
        const WindowReading& window = run.windows[i];
        energies.push_back({{"part", std::string(name(window.part))},
                            {"energy_j", window.energy->value()},
                            {"standard_uncertainty_j", window.uncertainty.standard().value()},
                            {"bound_j", window.uncertainty.bound().value()},
                            {"meter", window.meter},
                            {"tier", std::string(1, letter(window.tier))},
                            {"scope", window.scope}});
    }
    return {{"start_s", run.start.value()},
            {"end_s", run.end.value()},
            {"exit_code", run.how.exit_code},
            {"cpu_time_s", run.how.cpu_time.value()},
            {"own_cpu_time_s", run.own_cpu_time.value()},
            {"energies", energies},
            {"meters", windows},
            {"doubts", run.doubts}};
}

json document(const MeasureOptions& options, const MeasuredCommand& measured,
              const meters::Discovery& discovery) {
    json runs = json::array();
    for (const CommandRun& run : measured.runs) runs.push_back(run_json(measured, run));
    json findings = json::array();
    for (const auto& finding : discovery.findings) findings.push_back(to_json(finding));
    return {{"schema", "espalier.measure/1"},
            {"command", options.command},
            {"runs", runs},
            {"sources", findings}};
}

std::string energy_line(const WindowReading& window) {
    const auto& uncertainty = window.uncertainty;
    return fmt::format("  {:<8} {:10.3f} J  \u00b1{:.2g} J (at most {:.2g} J)  {:.2f} W   tier {}, {}: {}\n",
                       name(window.part), window.energy->value(), uncertainty.standard().value(),
                       uncertainty.bound().value(), (*window.energy / window.duration()).value(),
                       letter(window.tier), window.source, window.scope);
}

std::string above_line(const lab::AboveIdle& above) {
    return fmt::format(
        "           above idle {:.3f} J  \u00b1{:.2g} J (idle {:.2f} W before, {:.2f} W after){}\n",
        above.energy.value(), above.standard.value(), above.idle_before.value(), above.idle_after.value(),
        above.doubtful ? "   doubtful: idle drifts, or hides it" : "");
}

/// The meters that were to give an energy and gave none.
std::string unknown_lines(const CommandRun& run) {
    std::string lines;
    for (const WindowReading& window : run.windows) {
        if (window.energy) continue;
        lines += fmt::format("  {:<8} unknown by {}: {}\n", name(window.part), window.meter, window.problem);
    }
    return lines;
}

std::string run_text(const MeasuredCommand& measured, const CommandRun& run) {
    std::string text;
    for (const std::size_t i : run.best) {
        text += energy_line(run.windows[i]);
        for (const std::string& note : run.windows[i].notes) text += fmt::format("           {}\n", note);
        if (measured.idle_before.empty()) continue;
        const auto above = lab::above_idle(measured.idle_before[i], run.windows[i], measured.idle_after[i]);
        if (above) text += above_line(*above);
    }
    text += unknown_lines(run);
    for (const std::string& doubt : run.doubts) text += fmt::format("  doubt    {}\n", doubt);
    const Seconds length = run.end - run.start;
    return text +
           fmt::format("  time     {:10.3f} s, {:.3f} s of processors; measuring used {:.2f} % of one\n",
                       length.value(), run.how.cpu_time.value(), 100 * (run.own_cpu_time / length));
}

/// Mean and standard deviation over the runs of the energies that answer best in the first one.
std::string spread_lines(const MeasuredCommand& measured) {
    std::string lines;
    for (const std::size_t i : measured.runs.front().best) {
        std::vector<double> energies;
        for (const CommandRun& run : measured.runs) {
            if (run.windows[i].energy) energies.push_back(run.windows[i].energy->value());
        }
        if (energies.size() < 2) continue;
        lines += fmt::format("  {:<8} mean {:.3f} J, standard deviation {:.2g} J over {} of {} runs\n",
                             name(measured.runs.front().windows[i].part), statistics::mean(energies),
                             statistics::standard_deviation(energies), energies.size(), measured.runs.size());
    }
    return lines;
}

std::string text(const MeasuredCommand& measured) {
    const bool several = measured.runs.size() > 1;
    std::string text;
    for (std::size_t i = 0; i < measured.runs.size(); ++i) {
        if (several) text += fmt::format("run {}\n", i + 1);
        text += run_text(measured, measured.runs[i]);
    }
    return several ? text + "all runs\n" + spread_lines(measured) : text;
}

/// What would measure, for a dry run.
std::string plan_text(const std::vector<meters::Meter*>& meters) {
    std::string text;
    for (const meters::Meter* meter : meters) {
        const auto& description = meter->description();
        text += fmt::format("  {:<8} tier {}, {}: {}; windows of {:.0f} s or more\n", name(description.part),
                            letter(description.tier), description.source, description.scope,
                            meters::shortest_window(description).value());
    }
    return text;
}

/// That of the command; where it succeeded and no energy is known, that of a measurement that failed.
int exit_code_of(const MeasuredCommand& measured) {
    for (const CommandRun& run : measured.runs) {
        if (run.how.exit_code != 0) return run.how.exit_code;
        if (run.best.empty()) return kCannotMeasure;
    }
    return 0;
}

int measure(const MeasureOptions& options, const Globals& globals) {
    MonotonicClock clock;
    const meters::SystemFiles files(options.root);
    // The driver's library speaks for this machine, whatever folder stands in for its files.
    const bool here = std::filesystem::weakly_canonical(options.root) == "/";
    const meters::SystemPerfEvents perf;
    meters::DiscoveryOptions looked_at{.files = files, .clock = clock};
    if (here) {
        looked_at.gpus = gpu_access();
        looked_at.perf = &perf;
        looked_at.amd_gpus = meters::amdsmi::open_system_library;
    }
    const auto discovery = meters::discover(looked_at);
    const auto usable = energy_meters(discovery);
    if (usable.empty()) {
        throw Error("no energy can be measured here, so the command was not run:" + missing(discovery) +
                        "\nSee: espalier doctor",
                    ErrorKind::kCannotMeasure);
    }
    warn_of_missing(discovery);
    if (globals.dry_run) {
        fmt::print("{}", plan_text(usable));
        return 0;
    }
    const Seconds idle = options.idle.empty() ? Seconds(0) : lab::parse_duration(options.idle, "--idle");
    meters::Sampler sampler(usable, clock);
    sampler.start();
    const MeasuredCommand measured = lab::measure_command(options.runs, idle, sampler, clock,
                                                          [&] { return lab::run_command(options.command); });
    sampler.stop();
    const std::string result =
        globals.json ? document(options, measured, discovery).dump() + "\n" : text(measured);
    if (options.output.empty()) {
        fmt::print("{}", result);
    } else {
        write_file_atomically(options.output, std::string_view(result));
    }
    return exit_code_of(measured);
}

}  // namespace

void add_measure(CLI::App& app, Globals& globals, int& exit_code) {
    auto options = std::make_shared<MeasureOptions>();
    CLI::App* command = app.add_subcommand("measure", "The energy of any command, with its uncertainty");
    command->group("Measure");
    command->add_option("--runs", options->runs, "Run the command this often, each in a window of its own")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->add_option("--idle", options->idle,
                        "Measure idling for so long before and after, and tell the energy above it");
    command->add_option("--root", options->root, "Read meters below this folder instead of /")
        ->check(CLI::ExistingDirectory);
    command->add_option("-o,--output", options->output,
                        "Write the energies to this file, instead of below what the command prints");
    command->add_option("command", options->command, "The command and its arguments, after --")->required();
    command->footer(
        "The exit code is the command's; 3 where no energy could be measured.\n"
        "Examples:\n"
        "  espalier measure -- python3 train.py\n"
        "  espalier measure --idle 10s --runs 5 --json -- ./inference --batch 16");
    command->callback([options, &globals, &exit_code] { exit_code = measure(*options, globals); });
}

}  // namespace espalier::cli
