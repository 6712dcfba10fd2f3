#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lab/noise_floor.h"
#include "lab/prepare.h"
#include "lab/runner.h"
#include "lab/workload.h"
#include "meters/sampler.h"

namespace espalier::lab {

/// How a machine is calibrated; a study under other settings may scatter otherwise.
struct MachineSettings {
    std::string workload = "control workload";  ///< or the name of the model
    std::string model_sha256;                   ///< empty without a model
    TrialRequest trial;                         ///< of both arms of the A/A comparison
    int blocks = 10;                            ///< of the A/A comparison
    int pairs = 10;                             ///< runs with and without the sampler
    Seconds idle{30.0};
    std::uint64_t seed = 1;
};

/// What a meter shows while the machine does nothing for us.
struct IdlePower {
    std::string meter;
    std::string source;
    std::string tier;
    std::string scope;
    std::string device;
    int windows = 0;
    std::optional<double> watts;  ///< mean of the windows; nothing, with a problem, where one is not valid
    /// Scatter of the windows and budget of the meter, by the GUM; not of models
    std::optional<double> standard;
    double low = 0.0;  ///< 95 % interval of the power; of a model its factor
    double high = 0.0;
    std::string problem;
};

/// What reading the meters costs.
struct SamplerOverhead {
    int meters = 0;
    double period_s = 0.0;
    int pairs = 0;  ///< runs of the same work with and without the sampler
    /// Processor time of the sampler's thread over all of the process, in the runs with
    double cpu_share = 0.0;
    double ratio = 1.0;  ///< typical time with / without within a pair (Hodges-Lehmann)
    /// Of the ratio, exact, 95 %; nothing for fewer than 6 pairs
    std::optional<statistics::Interval> interval;
};

/// What `espalier calibrate` finds out about a machine.
struct MachineCalibration {
    std::string machine;       ///< machine_id()
    std::string machine_name;  ///< processor, for people
    std::string made_at;
    std::string version;
    MachineSettings settings;
    std::vector<IdlePower> idle;
    SamplerOverhead overhead;
    std::vector<NoiseFloor> noise;
};

/// Power of every energy meter over `duration`, cut into as many windows, up to six, as each meter's shortest
/// one allows; longer than `duration` where one window needs it.
std::vector<IdlePower> measure_idle(meters::Sampler& sampler, Clock& clock, Seconds duration);

/// Runs the same calls of the workload, about `length` long, with the sampler's thread and without, in seeded
/// random order within each of `pairs` pairs. `cpu_time` as in carry_out(). The sampler must not run.
SamplerOverhead measure_overhead(meters::Sampler& sampler, Workload& workload, Clock& clock,
                                 const std::function<Seconds()>& cpu_time, int pairs, Seconds length,
                                 std::uint64_t seed);

/// The A/A comparison: the trial twice in each block, in seeded random order, as two arms. `progress(done,
/// total)` is called between trials. Throws Error where a trial fails, and where `stop` says so.
std::vector<NoiseFloor> measure_noise(const MachineSettings& settings, const Execute& execute,
                                      const std::function<bool()>& stop,
                                      const std::function<void(int, int)>& progress);

/// The trial of a prepared plan's first model as it came.
TrialRequest baseline_trial(const Prepared& prepared);

/// What a study of so many blocks, with so many variants beside the baseline, will show.
struct Prospect {
    std::string quantity;          ///< "energy" where it was calibrated, else "time"; empty where neither was
    std::optional<double> saving;  ///< smallest share that is found in four of five studies
};

Prospect prospect(const MachineCalibration& calibration, int blocks, int variants);

/// "with 10 blocks differences of 1.8 % or more will be found (power 80 %; ...)", or that it is not known and
/// which command would tell. `calibration` is null where the machine was never calibrated.
std::string describe_prospect(const MachineCalibration* calibration, int blocks, int variants);

/// For people.
std::string describe(const MachineCalibration& calibration);

/// "espalier.calibration/1", and back. Reading throws Error naming what is missing or wrong.
nlohmann::json to_json(const MachineCalibration& calibration);
MachineCalibration calibration_from_text(const std::string& text);

}  // namespace espalier::lab
