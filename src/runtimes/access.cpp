#include "runtimes/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/suggest.h"
#include "runtimes/native/native.h"
#include "runtimes/worker/sources.h"
#include "runtimes/worker/worker_runtime.h"

namespace espalier::runtimes {

using nlohmann::json;

std::vector<std::string> known_runtimes() {
    std::vector<std::string> names = {"native"};
    for (const auto& source : worker_sources()) names.emplace_back(source.runtime);
    return names;
}

std::optional<WorkerCommand> worker_command(const std::string& name, const Access& access) {
    if (name == "native") return std::nullopt;
    for (const auto& worker : access.workers) {
        if (worker.runtime == name) return worker;
    }
    for (const auto& source : worker_sources()) {
        if (source.runtime != name) continue;
        return WorkerCommand{
            name,
            {"env", "PYTHONSAFEPATH=1", access.python, "-c", source.text()},
            fmt::format("the runtime '{}' needs Python with {}; name that Python with --python or "
                        "ESPALIER_PYTHON",
                        name, source.needs)};
    }
    std::vector<std::string> known = known_runtimes();
    for (const auto& worker : access.workers) known.push_back(worker.runtime);
    fail_usage("unknown runtime '{}'.{} Known runtimes: {}; a worker of your own is named with --worker",
               name, suggestion(name, known), fmt::join(known, ", "));
}

std::unique_ptr<Runtime> make_runtime(const std::string& name, const Access& access) {
    const auto command = worker_command(name, access);
    if (!command) return std::make_unique<NativeRuntime>();
    return std::make_unique<WorkerRuntime>(*command);
}

json to_json(const Access& access) {
    json workers = json::array();
    for (const auto& worker : access.workers) {
        workers.push_back({{"runtime", worker.runtime}, {"command", worker.command}});
    }
    return {{"python", access.python}, {"workers", workers}};
}

Access access_from_json(const json& object) {
    Access access{object.at("python").get<std::string>(), {}};
    for (const auto& worker : object.at("workers")) {
        access.workers.push_back({worker.at("runtime").get<std::string>(),
                                  worker.at("command").get<std::vector<std::string>>(), ""});
    }
    return access;
}

}  // namespace espalier::runtimes
