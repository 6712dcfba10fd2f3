#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtimes/access.h"

namespace CLI {
class App;
}

namespace espalier::cli {

/// The options by which a command is told how other runtimes are started.
struct RuntimeOptions {
    std::string python;                ///< empty: ESPALIER_PYTHON of the environment, else python3
    std::vector<std::string> workers;  ///< NAME=COMMAND each
};

/// Adds --python and --worker to a command.
void add_runtime_options(CLI::App& command, RuntimeOptions& options);

/// Runtimes of the user's own: name -> command, whose words are separated by blanks; quotes and backslashes
/// keep blanks, as in a shell. Throws a usage Error for what has another form.
std::map<std::string, std::vector<std::string>> workers(const RuntimeOptions& options);

/// How the runtimes are started, those of the user's own included.
runtimes::Access runtime_access(const RuntimeOptions& options);

}  // namespace espalier::cli
