#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "meters/cpu/cpu_meter.h"
#include "meters/file_tree.h"
#include "meters/nvml/snapshot.h"
#include "store/records.h"

namespace espalier::lab {

/// What may change from one trial to the next. Unset where the machine does not tell.
struct Conditions {
    std::optional<double> load;           ///< load average of the last minute
    std::optional<double> temperature_c;  ///< hottest sensor of the processor
    std::string governor;                 ///< frequency governors in use, joined; empty where there are none
    std::optional<bool> turbo;
    std::optional<double> clock_mhz;              ///< mean of the processors' clocks at that moment
    std::optional<std::int64_t> throttle_events;  ///< since the machine started, of all cores
    std::optional<double> power_limit_w;          ///< long-term limit of the first package
    std::optional<bool> on_battery;
    std::optional<double> available_bytes;
    std::optional<std::int64_t> swapped_pages;  ///< in and out, since the machine started
    std::optional<meters::MachineTimes> times;
    std::vector<meters::nvml::Snapshot> gpus;
};

/// `gpus` are asked for their state; what else there is comes from files.
Conditions read_conditions(const meters::FileTree& files, const std::vector<meters::nvml::Gpu>& gpus = {});

/// JSON of the conditions before and after a trial, with the shares of processor time in between that the
/// hypervisor took and that other programs used.
nlohmann::json to_json(const Conditions& before, const Conditions& after, Seconds own_cpu);

/// The temperature before the trial, as to_json() wrote it; nothing where it is not known or the text is
/// damaged.
std::optional<double> start_temperature(const std::string& environment);

/// What a trial may be expected to use.
struct OwnUse {
    int cpus = 1;     ///< processors it may run on
    int threads = 1;  ///< it computes with
    Seconds cpu;      ///< processor time it used between the two conditions
};

/// Notes on what in a trial's conditions weakens its numbers:
/// "steal" and "foreign-load": the hypervisor took more than 1 % of the processor time, other programs used
/// more than a tenth; "load" before it began beyond what the study's own threads explain; "throttled": heat
/// held a core down; "gpu-throttled": heat or power held a GPU down; "swap": pages moved; "battery": it was
/// not on the mains; "governor", "turbo", "power-limit": changed during the trial.
std::vector<store::NoteRecord> judge_conditions(const Conditions& before, const Conditions& after,
                                                const OwnUse& own);

}  // namespace espalier::lab
