#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "meters/discovery.h"
#include "meters/environment.h"

namespace espalier::meters {

enum class CheckState {
    kOk,
    kWarn,    ///< numbers will be noisier or worth less than they could be
    kFail,    ///< something that is here cannot be used until it is fixed
    kAbsent,  ///< nothing to check on this machine
};

/// "ok", "warn", "fail", "absent".
std::string_view name(CheckState state);

/// One line of the doctor's report.
struct Check {
    std::string id;     ///< stable, e.g. "rapl", "governor"
    std::string area;   ///< "energy", "noise", "capability" or "runtime"
    std::string title;  ///< "CPU energy (RAPL)"
    CheckState state = CheckState::kOk;
    std::string meaning;  ///< what was found and what it means
    std::string fix;      ///< one line: what to do; empty where nothing helps or is needed
    std::string script;   ///< shell commands for an administrator that do it; empty where no command does
};

/// All that can be said about measuring on this machine. Gathered by reading only.
struct Diagnosis {
    Environment environment;
    std::vector<Check> checks;
    std::vector<std::string> can;     ///< what can be measured
    std::vector<std::string> cannot;  ///< what cannot, and what is shown instead

    int count(CheckState state) const;
    /// Neither warning nor failure.
    bool clean() const { return count(CheckState::kWarn) == 0 && count(CheckState::kFail) == 0; }
};

/// Examines the machine that the options show, and asks the meters that were named.
Diagnosis diagnose(const DiscoveryOptions& options);

/// A shell script with the commands of every check that has some, each with its reason. It is printed for an
/// administrator to read and run; nothing here runs it.
std::string fix_script(const Diagnosis& diagnosis);

nlohmann::json to_json(const Diagnosis& diagnosis);

/// The checks of each area, in the order they are shown.
std::vector<Check> check_energy(const Discovery& discovery);
std::vector<Check> check_noise(const Environment& environment);
std::vector<Check> check_capability(const Environment& environment);
std::vector<Check> check_gpus(const std::vector<nvml::Snapshot>& gpus);

}  // namespace espalier::meters
