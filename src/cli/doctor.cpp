#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/doctor_text.h"
#include "cli/gpu_access.h"
#include "cli/named_meters.h"
#include "cli/runtime_access.h"
#include "cli/runtime_checks.h"

namespace espalier::cli {
namespace {

constexpr int kCannotMeasure = 3;

struct DoctorOptions {
    bool strict = false;
    bool fix_script = false;
    std::string root = "/";
    RuntimeOptions runtimes;
    std::vector<std::string> meters;
};

int doctor(const DoctorOptions& options, const Globals& globals) {
    MonotonicClock clock;
    const meters::SystemFiles files(options.root);
    const meters::SystemPerfEvents perf;
    meters::DiscoveryOptions looked_at{.files = files, .clock = clock};
    looked_at.named = name_meters(options.meters);
    // Drivers' libraries and the kernel's events speak for this machine, whatever folder stands in for its
    // files.
    const bool here = std::filesystem::weakly_canonical(options.root) == "/";
    if (here) {
        looked_at.gpus = gpu_access();
        looked_at.perf = &perf;
        looked_at.amd_gpus = meters::amdsmi::open_system_library;
    }
    meters::Diagnosis diagnosis = meters::diagnose(looked_at);
    if (here) {
        for (auto& check : runtime_checks(runtime_access(options.runtimes)))
            diagnosis.checks.push_back(std::move(check));
    }
    if (options.fix_script) {
        fmt::print("{}", meters::fix_script(diagnosis));
    } else if (globals.json) {
        fmt::print("{}\n", doctor_json(diagnosis));
    } else {
        fmt::print("{}", globals.plain ? doctor_plain(diagnosis) : doctor_text(diagnosis));
    }
    return options.strict && !diagnosis.clean() ? kCannotMeasure : 0;
}

}  // namespace

void add_doctor(CLI::App& app, Globals& globals, int& exit_code) {
    auto options = std::make_shared<DoctorOptions>();
    CLI::App* command =
        app.add_subcommand("doctor", "What can be measured here, and how to allow the rest; changes nothing");
    command->group("Start");
    command->add_flag("--strict", options->strict, "Exit with 3 on any warning or problem");
    command->add_flag("--fix-script", options->fix_script,
                      "Print a script for an administrator that applies the fixes; it is not run");
    command->add_option("--root", options->root, "Look at the system below this folder instead of /")
        ->check(CLI::ExistingDirectory);
    add_runtime_options(*command, options->runtimes);
    command->add_option("--meter", options->meters, kMeterHelp)->type_name("NAME");
    command->footer(
        "Examples:\n"
        "  espalier doctor\n"
        "  espalier doctor --fix-script | less      read it, then run it as root\n"
        "  espalier doctor --meter shelly2://plug.lan/0\n"
        "  espalier doctor --strict --json          in front of a measurement in CI");
    command->callback([options, &globals, &exit_code] { exit_code = doctor(*options, globals); });
}

}  // namespace espalier::cli
