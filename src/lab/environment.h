#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "meters/cpu/cpu_meter.h"
#include "meters/discovery.h"
#include "meters/file_tree.h"
#include "meters/nvml/snapshot.h"
#include "store/records.h"

namespace espalier::lab {

/// What may change from one trial to the next. Unset where the machine does not tell.
struct Conditions {
    std::optional<double> load;           ///< load average of the last minute
    std::optional<double> temperature_c;  ///< hottest sensor of the processor
    std::string governor;                 ///< frequency governors in use, joined; empty where there are none
    std::optional<double> available_bytes;
    std::optional<meters::MachineTimes> times;
    std::vector<meters::nvml::Snapshot> gpus;
};

/// `gpus` are asked for their state; what else there is comes from files.
Conditions read_conditions(const meters::FileTree& files, const std::vector<meters::nvml::Gpu>& gpus = {});

/// JSON of the conditions before and after a trial, with the share of processor time that was stolen by the
/// hypervisor in between.
nlohmann::json to_json(const Conditions& before, const Conditions& after);

/// Notes on what in a trial's conditions weakens its numbers: "steal" above 1 %, "load" above what
/// the study's own threads explain by more than 10 % of the processors, "governor" changed during the trial.
std::vector<store::NoteRecord> judge_conditions(const Conditions& before, const Conditions& after, int cpus,
                                                int own_threads);

/// What stays the same during a study: processor, system, compiler, GPUs, meters with their tiers and scopes.
nlohmann::json describe_machine(const meters::FileTree& files, const meters::Discovery& discovery);

/// Notes on what in the machine weakens a study, each with its remedy: "governor", "virtual-machine",
/// "no-energy-meter".
std::vector<store::NoteRecord> judge_machine(const meters::FileTree& files,
                                             const meters::Discovery& discovery);

}  // namespace espalier::lab
