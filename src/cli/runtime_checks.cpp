#include "cli/runtime_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "lab/process.h"
#include "runtimes/worker/sources.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

constexpr Seconds kPatience{20.0};

/// Prints which of the modules named as arguments are found, as a list in JSON.
constexpr const char* kProbe =
    "import importlib.util as u, json, sys; print(json.dumps([m for m in sys.argv[1:] if u.find_spec(m)]))";

std::vector<std::string> all_modules() {
    std::set<std::string> modules;
    for (const auto& source : runtimes::worker_sources())
        modules.insert(source.modules.begin(), source.modules.end());
    return {modules.begin(), modules.end()};
}

/// The modules that the Python finds; nothing where there is no such Python.
std::optional<std::vector<std::string>> found_modules(const std::string& python) {
    lab::ProcessRequest request{.command = {python, "-c", kProbe}, .timeout = kPatience};
    for (auto& module : all_modules()) request.command.push_back(std::move(module));
    const auto process = lab::run_process(request, [] { return false; });
    const auto found = json::parse(process.output, nullptr, false);
    if (process.end != lab::ProcessResult::End::kExited || process.exit_code != 0 || !found.is_array()) {
        return std::nullopt;
    }
    return found.get<std::vector<std::string>>();
}

meters::Check check_of(const runtimes::WorkerSource& source, const std::string& python,
                       const std::optional<std::vector<std::string>>& found) {
    meters::Check check{.id = fmt::format("runtime-{}", source.runtime), .area = "runtime"};
    check.title = source.runtime;
    std::vector<std::string> missing;
    for (const auto module : source.modules) {
        if (!found || std::find(found->begin(), found->end(), module) == found->end())
            missing.emplace_back(module);
    }
    if (missing.empty()) {
        check.state = meters::CheckState::kOk;
        check.meaning = fmt::format("{} of {}", fmt::join(source.modules, " and "), python);
        return check;
    }
    check.state = meters::CheckState::kAbsent;
    check.meaning = found ? fmt::format("{} has no {}", python, fmt::join(missing, " and no "))
                          : fmt::format("there is no working Python called {}", python);
    check.fix = fmt::format("install {} for it, or name another Python with --python or ESPALIER_PYTHON",
                            source.needs);
    return check;
}

}  // namespace

std::vector<meters::Check> runtime_checks(const runtimes::Access& access) {
    std::vector<meters::Check> checks = {{.id = "runtime-native",
                                          .area = "runtime",
                                          .title = "native",
                                          .state = meters::CheckState::kOk,
                                          .meaning = "our own engine"}};
    const auto found = found_modules(access.python);
    for (const auto& source : runtimes::worker_sources())
        checks.push_back(check_of(source, access.python, found));
    return checks;
}

}  // namespace espalier::cli
