#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"
#include "cli/gpu_access.h"
#include "lab/trial.h"

namespace espalier::cli {

void add_trial(CLI::App& app, Globals&, int&) {
    CLI::App* command =
        app.add_subcommand("trial", "Carry out one trial: request on standard input, result on output");
    command->group("");
    command->callback([] {
        // A request is a few kilobytes; more is no request.
        std::string request(std::size_t{1} << 20, '\0');
        std::cin.read(request.data(), static_cast<std::streamsize>(request.size()));
        request.resize(static_cast<std::size_t>(std::cin.gcount()));
        fmt::print("{}\n", lab::write_result(lab::perform_trial(lab::read_request(request), gpu_access())));
    });
}

}  // namespace espalier::cli
