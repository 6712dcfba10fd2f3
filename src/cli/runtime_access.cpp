#include "cli/runtime_access.h"

#include <wordexp.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/error.h"

namespace espalier::cli {
namespace {

/// Words of a command as a shell splits them, without its substitutions of commands.
std::vector<std::string> words_of(const std::string& command) {
    wordexp_t expanded{};
    const int problem = ::wordexp(command.c_str(), &expanded, WRDE_NOCMD | WRDE_UNDEF);
    if (problem != 0) {
        fail_usage("'{}' is no command: quotes must be closed, and a shell's special characters quoted",
                   command);
    }
    std::vector<std::string> words(expanded.we_wordv, expanded.we_wordv + expanded.we_wordc);
    ::wordfree(&expanded);
    return words;
}

}  // namespace

void add_runtime_options(CLI::App& command, RuntimeOptions& options) {
    command.add_option(
        "--python", options.python,
        "Python of the other runtimes (default: ESPALIER_PYTHON of the environment, else python3)");
    command.add_option("--worker", options.workers,
                       "A runtime of your own, NAME=COMMAND (docs/runtimes.md); several may be given");
}

std::map<std::string, std::vector<std::string>> workers(const RuntimeOptions& options) {
    std::map<std::string, std::vector<std::string>> named;
    for (const auto& text : options.workers) {
        const auto equals = text.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
            fail_usage("--worker wants NAME=COMMAND, not '{}'", text);
        }
        const std::string name = text.substr(0, equals);
        if (!named.emplace(name, words_of(text.substr(equals + 1))).second) {
            fail_usage("--worker names '{}' twice", name);
        }
    }
    return named;
}

runtimes::Access runtime_access(const RuntimeOptions& options) {
    runtimes::Access access;
    const char* python = std::getenv("ESPALIER_PYTHON");
    if (python != nullptr && *python != '\0') access.python = python;
    if (!options.python.empty()) access.python = options.python;
    for (auto& [name, command] : workers(options)) access.workers.push_back({name, command, ""});
    return access;
}

}  // namespace espalier::cli
