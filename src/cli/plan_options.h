#pragma once

#include <string>
#include <vector>

#include "cli/runtime_access.h"
#include "lab/plan.h"

namespace CLI {
class App;
}

namespace espalier::cli {

/// Prices and limits, as given on the command line; texts carry their units and are parsed by draft().
struct DecisionOptions {
    std::string max_accuracy_drop;
    std::string min_effect;
    std::string price;
    std::string carbon;
    std::string rent;
    std::string currency;
    std::string region;
    std::string embodied;
    double pue = 0.0;
    double images_per_day = 0.0;
};

void add_decision_options(CLI::App& command, DecisionOptions& options);

/// Throws a usage Error for a quantity that cannot be read.
lab::PlanDraft draft(const DecisionOptions& options);

/// What decides a study besides: inputs, design and protocol.
struct PlanOptions {
    std::vector<std::string> models;
    std::string data;
    std::string calibration;
    std::vector<std::string> tactics;
    std::vector<std::string> runtimes;
    std::string device;
    RuntimeOptions access;
    int blocks = -1;
    int images = -1;
    int batch = -1;
    int threads = -1;
    std::int64_t seed = -1;
    std::vector<std::string> meters;
    int warmup = -1;
    int attempts = -1;
    int control_every = -1;
    std::string idle;
    std::string warmup_cap;
    std::string window;
    std::string timeout;
    std::string cool_down;
    std::vector<std::string> exclude;
    DecisionOptions decision;
};

void add_plan_options(CLI::App& command, PlanOptions& options);

lab::PlanDraft draft(const PlanOptions& options);

}  // namespace espalier::cli
