#include <CLI/CLI.hpp>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/exit_code.h"

namespace espalier::cli {
namespace {

/// Every subcommand, in the order of --help.
constexpr Command kCommands[] = {
    {"doctor", "Start", add_doctor},
    {"fetch", "Start", add_fetch},
    {"inspect", "Start", add_inspect},
    {"runtimes", "Start", add_runtimes},
    {"calibrate", "Measure", add_calibrate},
    {"run", "Measure", add_run},
    {"status", "Measure", add_status},
    {"measure", "Measure", add_measure},
    {"verdict", "Decide", add_verdict},
    {"compare", "Decide", add_compare},
    {"report", "Decide", add_report},
    {"export", "Decide", add_export},
    {"evaluate", "Try", add_evaluate},
    {"bench", "Try", add_bench},
    {"classify", "Use", add_classify},
    {"import", "Keep", add_import},
    {"audit", "Keep", add_audit},
    {"list", "Keep", add_list},
    {"show", "Keep", add_show},
    {"trial", "", add_trial},
};

constexpr const char* kIntroduction =
    "Make an image classifier green, with proof: apply optimization tactics, measure accuracy, energy and "
    "time in a\n"
    "controlled experiment on this machine, and ship what is shown to be better.";

constexpr const char* kExamples =
    "Examples:\n"
    "  espalier run --model vit-mini/ --data images/test/     the whole experiment, to a verdict\n"
    "  espalier evaluate --model vit-mini/ --data images/test/ --tactic dynamic-quantization\n"
    "Help on one command: espalier COMMAND --help";

int exit_code_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::kFailure:
            return kFailure;
        case ErrorKind::kUsage:
            return kUsage;
        case ErrorKind::kCannotMeasure:
            return kCannotMeasure;
        case ErrorKind::kGate:
            return kGate;
    }
    return kFailure;
}

void add_globals(CLI::App& app, Globals& globals) {
    app.add_option("--store", globals.store, "Database of studies (default: .espalier/lab.db here)")
        ->envname("ESPALIER_STORE");
    app.add_flag("--json", globals.json, "Print one JSON document on standard output");
    app.add_flag("--plain", globals.plain, "Print one record per line, tab separated");
    app.add_flag("-q,--quiet", globals.quiet, "Print results only");
    app.add_flag("-v,--verbose", globals.verbose, "Say more; twice for debugging");
    app.add_flag("-n,--dry-run", globals.dry_run, "Say what would be done, and do nothing");
    app.add_option("--progress", globals.progress, "Progress on standard error")
        ->check(CLI::IsMember({"auto", "bar", "lines", "none"}));
    app.add_option("--color", globals.color, "Colour in the terminal")
        ->check(CLI::IsMember({"auto", "always", "never"}));
    app.add_flag("--offline", globals.offline, "Never use the network");
}

/// The first word that is not an option, when no command has that name.
const char* unknown_command(int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return nullptr;
    for (const Command& command : kCommands) {
        if (std::string(argv[1]) == command.name) return nullptr;
    }
    return argv[1];
}

int report_unknown_command(const char* word) {
    std::vector<std::string> names;
    for (const Command& command : kCommands) {
        if (*command.group) names.emplace_back(command.name);
    }
    log::write(log::Level::kError, fmt::format("unknown command '{}'.{}", word, suggestion(word, names)));
    std::fputs("See: espalier --help\n", stderr);
    return kUsage;
}

int parse_and_run(CLI::App& app, int argc, char** argv, int& exit_code) {
    try {
        app.parse(argc, argv);
        return exit_code;
    } catch (const CLI::Success& success) {
        app.exit(success);
        return kOk;
    } catch (const CLI::ParseError& error) {
        log::write(log::Level::kError, error.what());
        std::fputs("See: espalier --help, or espalier COMMAND --help\n", stderr);
        return kUsage;
    }
}

}  // namespace

int run_command_line(int argc, char** argv) {
    try {
        if (const char* word = unknown_command(argc, argv)) return report_unknown_command(word);
        CLI::App app(kIntroduction, "espalier");
        app.footer(kExamples);
        app.fallthrough();
        app.require_subcommand(1);
        app.set_version_flag("-V,--version", std::string("espalier ") + kVersion);
        Globals globals;
        int exit_code = kOk;
        add_globals(app, globals);
        for (const Command& command : kCommands) command.add(app, globals, exit_code);
        if (argc < 2) {
            std::fputs(app.help().c_str(), stdout);
            return kUsage;
        }
        // Set before any command's callback runs, so that its first message obeys.
        app.parse_complete_callback([&] {
            if (globals.quiet) log::set_level(log::Level::kError);
            if (globals.verbose > 1) log::set_level(log::Level::kDebug);
        });
        const int result = parse_and_run(app, argc, argv, exit_code);
        if (std::fflush(stdout) != 0) fail("cannot write to standard output");
        return result;
    } catch (const Error& error) {
        log::write(log::Level::kError, error.what());
        return exit_code_of(error.kind());
    } catch (const std::bad_alloc&) {
        log::write(log::Level::kError, "not enough memory");
        return kFailure;
    } catch (const std::exception& error) {
        log::write(log::Level::kError, error.what());
        return kFailure;
    }
}

}  // namespace espalier::cli
