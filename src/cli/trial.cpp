#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>

#include "cli/command.h"
#include "lab/trial.h"

namespace espalier::cli {

void add_trial(CLI::App& app, Globals&, int&) {
    CLI::App* command =
        app.add_subcommand("trial", "Carry out one trial: request on standard input, result on output");
    command->group("");
    command->callback([] {
        const std::string request(std::istreambuf_iterator<char>(std::cin), {});
        fmt::print("{}\n", lab::write_result(lab::perform_trial(lab::read_request(request))));
    });
}

}  // namespace espalier::cli
