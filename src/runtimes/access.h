#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtimes/runtime.h"
#include "runtimes/worker/worker_process.h"

namespace espalier::runtimes {

/// How runtimes other than ours are started.
struct Access {
    std::string python = "python3";      ///< what executes the workers that the program brings along
    std::vector<WorkerCommand> workers;  ///< of the user's own; each has its name for itself
};

/// Names of the runtimes that the program knows by itself, "native" first.
std::vector<std::string> known_runtimes();

/// The runtime called `name`: "native", one that the program brings along, or one of access.workers. Starts
/// nothing yet. Throws a usage Error with a suggestion for any other name.
std::unique_ptr<Runtime> make_runtime(const std::string& name, const Access& access = {});

/// How the worker of a runtime is started, or nothing for "native". Python takes no modules from the working
/// directory. Throws as make_runtime().
std::optional<WorkerCommand> worker_command(const std::string& name, const Access& access);

/// JSON object with the field names above.
nlohmann::json to_json(const Access& access);
/// Inverse. Throws nlohmann::json::exception when a key is missing or of another type.
Access access_from_json(const nlohmann::json& json);

}  // namespace espalier::runtimes
