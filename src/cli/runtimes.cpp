#include <fmt/format.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/model_source.h"
#include "cli/runtime_access.h"
#include "runtimes/worker/check.h"
#include "runtimes/worker/worker_runtime.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

/// What is known of a runtime here.
struct State {
    std::string runtime;
    bool usable = false;
    std::string version;
    std::map<std::string, std::string> libraries;
    std::vector<std::string> devices;
    std::string problem;
};

State look_at(const std::string& name, const runtimes::Access& access) {
    State state{.runtime = name};
    try {
        const auto command = runtimes::worker_command(name, access);
        if (!command) {
            const auto native = runtimes::make_runtime(name, access);
            return {name, true, native->version(), {}, {"cpu"}, ""};
        }
        runtimes::WorkerRuntime worker(*command);
        const auto& hello = worker.hello();
        return {name, true, hello.version, hello.libraries, hello.devices, ""};
    } catch (const Error& problem) {
        state.problem = problem.what();
        return state;
    }
}

std::vector<State> look_at_all(const runtimes::Access& access) {
    std::vector<State> states;
    for (const auto& name : runtimes::known_runtimes()) states.push_back(look_at(name, access));
    for (const auto& worker : access.workers) states.push_back(look_at(worker.runtime, access));
    return states;
}

json to_json(const State& state) {
    return {{"runtime", state.runtime},
            {"usable", state.usable},
            {"version", state.usable ? json(state.version) : json(nullptr)},
            {"libraries", state.libraries},
            {"devices", state.devices},
            {"problem", state.problem.empty() ? json(nullptr) : json(state.problem)}};
}

/// Every line of a text behind some blanks.
std::string indented(const std::string& text) {
    std::string result = "    ";
    for (const char c : text) {
        result += c;
        if (c == '\n') result += "    ";
    }
    return result;
}

void list(const RuntimeOptions& options, const Globals& globals) {
    const auto states = look_at_all(runtime_access(options));
    if (globals.json) {
        json all = json::array();
        for (const auto& state : states) all.push_back(to_json(state));
        fmt::print("{}\n", json{{"schema", "espalier.runtimes/1"}, {"runtimes", all}}.dump());
        return;
    }
    for (const auto& state : states) {
        if (!state.usable) {
            fmt::print("{:<12} not usable here\n{}\n", state.runtime, indented(state.problem));
            continue;
        }
        std::string libraries;
        for (const auto& [name, version] : state.libraries)
            libraries += fmt::format(", {} {}", name, version);
        fmt::print("{:<12} {}  on {}{}\n", state.runtime, state.version, fmt::join(state.devices, ", "),
                   libraries);
    }
}

int check(const std::vector<std::string>& command, const std::string& model, const Globals& globals) {
    const runtimes::WorkerCommand worker{"the worker", command, ""};
    const auto rules = runtimes::check_worker(worker, model_path(model, globals), std::min(usable_cpus(), 2));
    const bool kept = std::all_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.kept; });
    if (globals.json) {
        json all = json::array();
        for (const auto& rule : rules) {
            all.push_back({{"rule", rule.rule}, {"kept", rule.kept}, {"detail", rule.detail}});
        }
        fmt::print("{}\n",
                   json{{"schema", "espalier.worker-check/1"}, {"kept", kept}, {"rules", all}}.dump());
    } else {
        for (const auto& rule : rules) {
            fmt::print("{:<6} {}{}{}\n", rule.kept ? "ok" : "BROKEN", rule.rule,
                       rule.detail.empty() ? "" : ": ", rule.detail);
        }
    }
    return kept ? 0 : 1;
}

}  // namespace

void add_runtimes(CLI::App& app, Globals& globals, int& exit_code) {
    struct Options {
        RuntimeOptions access;
        std::vector<std::string> worker;
        std::string model;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("runtimes", "What can execute models here, and what the rest needs");
    command->group("Start");
    add_runtime_options(*command, options->access);
    CLI::App* checker =
        command->add_subcommand("check", "Try whether a worker keeps to the protocol (docs/runtimes.md)");
    checker->add_option("-m,--model", options->model, kModelHelp)->required();
    checker->add_option("command", options->worker, "The worker's program and arguments, behind --")
        ->required();
    checker->footer(
        "Example: espalier runtimes check --model zoo/models/vit-mini -- python3 workers/example_worker.py");
    command->footer(
        "Examples:\n"
        "  espalier runtimes\n"
        "  espalier runtimes --python .venv/bin/python --json");
    checker->callback(
        [options, &globals, &exit_code] { exit_code = check(options->worker, options->model, globals); });
    command->callback([options, &globals, checker] {
        if (!checker->parsed()) list(options->access, globals);
    });
}

}  // namespace espalier::cli
