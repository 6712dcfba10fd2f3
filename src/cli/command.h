#pragma once

#include <string>

namespace CLI {
class App;
}

namespace espalier::cli {

/// Options every subcommand understands.
struct Globals {
    std::string store;              ///< --store PATH; empty: the default place
    std::string progress = "auto";  ///< --progress auto|bar|lines|none
    std::string color = "auto";     ///< --color auto|always|never
    bool json = false;              ///< --json: one JSON document on standard output
    bool plain = false;             ///< --plain: one record per line, tab separated
    bool quiet = false;             ///< -q
    int verbose = 0;                ///< -v, -vv
    bool dry_run = false;           ///< -n, --dry-run
    bool offline = false;           ///< --offline
};

/// Adds one subcommand to `app`. Its callback does the work, prints results to standard output, and stores
/// the exit code (0 ok, 5 partial, ...) in `exit_code`; problems are thrown as Error and translated once, in
/// main. `globals` and `exit_code` outlive the parsing.
using AddCommand = void (*)(CLI::App& app, Globals& globals, int& exit_code);

/// One row of the command table in commands.cpp: adding a command is one file and one row.
struct Command {
    const char* name;
    const char* group;  ///< heading in --help: Start, Measure, Decide, Try, Use, Keep; "" hides it
    AddCommand add;
};

void add_audit(CLI::App& app, Globals& globals, int& exit_code);
void add_bench(CLI::App& app, Globals& globals, int& exit_code);
void add_calibrate(CLI::App& app, Globals& globals, int& exit_code);
void add_classify(CLI::App& app, Globals& globals, int& exit_code);
void add_compare(CLI::App& app, Globals& globals, int& exit_code);
void add_doctor(CLI::App& app, Globals& globals, int& exit_code);
void add_evaluate(CLI::App& app, Globals& globals, int& exit_code);
void add_export(CLI::App& app, Globals& globals, int& exit_code);
void add_fetch(CLI::App& app, Globals& globals, int& exit_code);
void add_import(CLI::App& app, Globals& globals, int& exit_code);
void add_inspect(CLI::App& app, Globals& globals, int& exit_code);
void add_list(CLI::App& app, Globals& globals, int& exit_code);
void add_measure(CLI::App& app, Globals& globals, int& exit_code);
void add_report(CLI::App& app, Globals& globals, int& exit_code);
void add_run(CLI::App& app, Globals& globals, int& exit_code);
void add_runtimes(CLI::App& app, Globals& globals, int& exit_code);
void add_show(CLI::App& app, Globals& globals, int& exit_code);
void add_status(CLI::App& app, Globals& globals, int& exit_code);
void add_trial(CLI::App& app, Globals& globals, int& exit_code);
void add_verdict(CLI::App& app, Globals& globals, int& exit_code);

/// Parses the command line, runs one subcommand and returns the exit code of the process. Never throws.
int run_command_line(int argc, char** argv);

}  // namespace espalier::cli
