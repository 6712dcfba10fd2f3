#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "meters/named/named_meter.h"

namespace espalier::lab {

/// How long the steps of a trial take at least and at most.
struct ProtocolSettings {
    Seconds idle{0.2};        ///< idle windows before the model is loaded and after it was unloaded
    int warmup_calls = 3;     ///< at least so many calls before anything is measured
    Seconds warmup_cap{2.0};  ///< warm-up ends here even if the calls are not steady yet
    Seconds window{1.0};      ///< measured window at least this long, and at least one pass over the images
    Seconds timeout{600.0};   ///< a trial that takes longer is ended and counts as failed
    int attempts = 3;         ///< tries per trial when its process crashes or exceeds the time-out
    Seconds cool_down{30.0};  ///< longest wait for the temperature at which the first trial began; 0: no wait
    int control_every = 20;   ///< trials between two runs of the control workload; 0: none is run
    /// Codes of notes whose trials are kept and shown, but left out of every result. Part of the plan, so
    /// that it is decided before anything is measured.
    std::vector<std::string> exclude = {"suspended", "throttled"};
};

/// A figure somebody stated; never measured here.
struct CostFigure {
    double value = 0.0;
    std::string date;    ///< when it was true
    std::string source;  ///< who says so
};

/// What running costs besides the device's energy. What is unset is left out of the results, never assumed.
struct CostSettings {
    std::optional<CostFigure> price;    ///< money per kWh
    std::optional<CostFigure> carbon;   ///< g CO2e per kWh
    std::optional<CostFigure> rent;     ///< money per hour of the machine, electricity included
    std::optional<CostFigure> pue;      ///< facility energy / device energy, at least 1
    std::optional<CostFigure> per_day;  ///< images classified per day
    /// g CO2e of making the machine, spread over its life, per hour of the whole machine.
    std::optional<CostFigure> embodied;
    std::string currency = "money";
};

/// What a variant must show to be recommended.
struct LimitSettings {
    double max_accuracy_drop = 0.01;  ///< permitted loss of top-1, as a fraction of all images
    double min_effect = 0.02;         ///< savings below this share are not worth a change
};

/// A study, complete: the same plan gives the same design on another machine. Paths are absolute.
struct Plan {
    std::vector<std::string> models;             ///< folders
    std::string data;                            ///< image folder, manifest, CIFAR or IDX file
    std::map<std::string, std::string> data_of;  ///< models that classify other images -> those
    std::string calibration;  ///< the same, for tactics that look at images; empty: taken from `data`
    std::vector<std::string> tactics;                ///< canonical texts, "baseline" first, no two alike
    std::vector<std::string> runtimes = {"native"};  ///< the first one's baseline is the reference
    /// Runtimes of the user's own -> their commands
    std::map<std::string, std::vector<std::string>> workers;
    std::string device = "cpu";  ///< what the runtimes execute on
    int blocks = 10;
    int images = 0;  ///< 0: all
    int batch = 1;
    int threads = 1;
    std::uint64_t seed = 1;
    /// Asked besides those of this machine; their logins are not kept
    std::vector<meters::NamedMeter> meters;
    ProtocolSettings protocol;
    CostSettings costs;
    LimitSettings limits;
};

/// Values given so far; unset ones are taken from the next source, at last from the defaults.
struct PlanDraft {
    std::optional<std::vector<std::string>> models;
    std::vector<std::string> model_data;  ///< of each model its own images, or ""; empty where none has any
    std::optional<std::string> data;
    std::optional<std::string> calibration;
    std::optional<std::vector<std::string>> tactics;
    std::optional<std::vector<std::string>> runtimes;
    std::map<std::string, std::vector<std::string>> workers;
    std::optional<std::string> device;
    std::optional<int> blocks;
    std::optional<int> images;
    std::optional<int> batch;
    std::optional<int> threads;
    std::optional<std::int64_t> seed;
    /// From a file: texts that name_meter() has not seen
    std::optional<std::vector<meters::NamedMeter>> meters;
    std::optional<Seconds> idle;
    std::optional<int> warmup_calls;
    std::optional<Seconds> warmup_cap;
    std::optional<Seconds> window;
    std::optional<Seconds> timeout;
    std::optional<int> attempts;
    std::optional<Seconds> cool_down;
    std::optional<int> control_every;
    std::optional<std::vector<std::string>> exclude;
    CostSettings costs;
    bool currency_given = false;
    std::optional<double> max_accuracy_drop;
    std::optional<double> min_effect;
};

/// Reads plan.toml; relative paths are taken from its folder, models that begin with "hf://" stay as they
/// are. Throws a usage Error with line and column for malformed TOML, an unknown key (with a suggestion) or a
/// value of the wrong type or form.
PlanDraft read_plan_file(const std::filesystem::path& path);
/// The same from text; `source` names it in errors, `folder` is what relative paths start from.
PlanDraft parse_plan(std::string_view text, const std::string& source, const std::filesystem::path& folder);

/// `first` where it is set, else `second`.
PlanDraft merge(PlanDraft first, const PlanDraft& second);

/// Brings the text of a tactic to its canonical form, or throws a usage Error with a suggestion.
using CanonicalTactic = std::function<std::string(const std::string& text)>;

/// Fills in defaults and checks ranges and tactics. Throws a usage Error for a missing model or data set, a
/// number out of range, or what `canonical` rejects.
Plan resolve(const PlanDraft& draft, const CanonicalTactic& canonical);

/// Everything, units in the keys.
nlohmann::json to_json(const Plan& plan);
/// Inverse. Throws Error naming the key that is missing or wrong.
Plan plan_from_json(const nlohmann::json& json);

/// The images that a model of the plan classifies.
const std::string& data_for(const Plan& plan, const std::string& model);

/// Inverse of to_json() on the stored text. Throws Error when it is damaged.
Plan plan_from_text(const std::string& text);

/// The plan with the costs and limits of `draft` where it sets some. Throws as resolve() does.
Plan with_decision(Plan plan, const PlanDraft& draft);

/// The part of the plan that decides what is measured: no costs, limits, time-out or number of attempts,
/// which may change from one command to the next without making it another study.
nlohmann::json measured_part(const Plan& plan);

}  // namespace espalier::lab
