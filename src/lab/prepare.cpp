#include "lab/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "lab/design.h"
#include "lab/environment.h"
#include "lab/pixels.h"
#include "lab/protocol.h"
#include "lab/wall_time.h"
#include "meters/discovery.h"
#include "meters/file_tree.h"
#include "meters/named/discover.h"
#include "runtimes/native/native.h"
#include "runtimes/worker/exchange.h"
#include "tactics/tactic.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

std::string dump(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What is made for the trials lies beside the store.
std::filesystem::path cache_of(const std::filesystem::path& store) { return store.string() + ".cache"; }

runtimes::VariantSpec spec_of(const Prepared& prepared, const runtimes::Runtime& runtime,
                              const std::string& model, const std::string& tactic) {
    const Plan& plan = prepared.plan;
    return {.model = model,
            .tactic = tactic,
            .runtime = runtime.name(),
            .device = plan.device,
            .batch = plan.batch,
            .threads = plan.threads,
            .cache = prepared.cache};
}

std::shared_ptr<const datasets::Dataset> choose(const Plan& plan, const std::string& data,
                                                const runtimes::ModelInfo& info) {
    std::shared_ptr<const datasets::Dataset> all = datasets::open_dataset(data, info.labels);
    return plan.images > 0 ? datasets::subset(std::move(all), plan.images, plan.seed) : all;
}

/// Where images so chosen are kept when they were preprocessed for a model, and under which key.
struct PixelPlace {
    std::string path;
    std::string key;
};

PixelPlace pixel_place(const std::string& images_sha256, const runtimes::ModelInfo& info,
                       const std::filesystem::path& store) {
    PixelPlace place;
    place.key = sha256(fmt::format("{}\n{}\n{} {} {}", images_sha256, datasets::to_json_text(info.processor),
                                   info.channels, info.height, info.width));
    place.path = std::filesystem::absolute(cache_of(store) / (place.key.substr(0, 16) + ".pixels")).string();
    return place;
}

/// Chooses calibration images where a tactic of the plan looks at some.
void prepare_calibration(const Plan& plan, const std::string& data, const std::filesystem::path& store,
                         PreparedModel& prepared) {
    if (std::none_of(plan.tactics.begin(), plan.tactics.end(),
                     [](const auto& tactic) { return runtimes::may_look_at_images(tactic); })) {
        return;
    }
    // Images of the plan's data set are none of a model that classifies others.
    const std::string path = data == plan.data ? plan.calibration : "";
    const CalibrationSettings settings{path, data, plan.images, plan.seed};
    prepared.calibration = choose_calibration(settings, prepared.info.labels);
    const auto place = pixel_place(prepared.calibration->origin.sha256, prepared.info, store);
    prepared.calibration_pixels = place.path;
    prepared.calibration_key = place.key;
}

PreparedModel prepare_model(const Plan& plan, const std::string& data, const runtimes::ModelInfo& info,
                            const std::filesystem::path& store) {
    PreparedModel prepared;
    prepared.info = info;
    prepared.images = choose(plan, data, prepared.info);
    prepared.images_sha256 = datasets::content_sha256(*prepared.images);
    const auto place = pixel_place(prepared.images_sha256, prepared.info, store);
    prepared.pixels = place.path;
    prepared.pixels_key = place.key;
    prepare_calibration(plan, data, store, prepared);
    return prepared;
}

store::ModelRecord model_record(const Plan& plan, const std::string& path, const PreparedModel& model) {
    const auto& info = model.info;
    store::ModelRecord record;
    record.name = info.name;
    record.path = path;
    record.architecture = info.architecture;
    record.sha256 = info.sha256;
    record.classes = info.classes;
    record.info = dump({{"labels", info.labels},
                        {"channels", info.channels},
                        {"height", info.height},
                        {"width", info.width},
                        {"processor", datasets::to_json_text(info.processor)},
                        {"data",
                         {{"path", data_for(plan, path)},
                          {"sha256", model.images_sha256},
                          {"images", model.images->size()}}}});
    return record;
}

store::DatasetRecord dataset_record(const std::string& data, const PreparedModel& model) {
    const auto& images = *model.images;
    store::DatasetRecord record;
    record.path = data;
    record.kind = images.format();
    record.sha256 = model.images_sha256;
    record.images = images.size();
    for (std::int64_t i = 0; i < images.size(); ++i) record.names.push_back(images.name(i));
    return record;
}

/// Models that share a folder name get their number, so that every name on screen means one model.
void make_names_unique(std::vector<store::ModelRecord>& models) {
    for (std::size_t i = 0; i < models.size(); ++i) {
        int same = 0;
        for (std::size_t j = 0; j < i; ++j) same += models[j].name == models[i].name ? 1 : 0;
        if (same > 0) models[i].name += fmt::format(" ({})", same + 1);
    }
}

json versions_of(const Runtimes& runtimes) {
    json versions = json::object();
    for (const auto& runtime : runtimes) {
        versions[runtime->name()] = {{"version", runtime->version()}, {"libraries", runtime->libraries()}};
    }
    return versions;
}

std::string hash_plan(const Prepared& prepared) {
    const auto& study = prepared.study;
    json identity = measured_part(prepared.plan);
    identity["version"] = kVersion;
    identity["runtime_versions"] = prepared.runtime_versions;
    identity["data_sha256"] = study.dataset.sha256;
    for (const auto& model : study.models) identity["model_sha256"].push_back(model.sha256);
    for (const auto& model : prepared.models) {
        if (model.images_sha256 != study.dataset.sha256)
            identity["images_sha256"].push_back(model.images_sha256);
    }
    for (const auto& model : prepared.models) {
        if (model.calibration) identity["calibration_sha256"].push_back(model.calibration->origin.sha256);
    }
    return sha256(dump(identity));
}

/// The tactic without what is only our default; as it is where it is none of ours.
std::string plain_form(const std::string& tactic) {
    try {
        return tactics::without_defaults(tactic);
    } catch (const Error&) {
        return tactic;
    }
}

/// The variants of one model: what each runtime has of the plan's tactics. Notes what it has not.
class Variants {
  public:
    Variants(Prepared& prepared, const Runtimes& runtimes) : prepared_(prepared), runtimes_(runtimes) {}

    void add(std::size_t model);
    /// Says what was left out. Throws a usage Error for a tactic that no runtime has for any model.
    void finish();

  private:
    struct Had {
        std::string tactic;
        std::string why_not;
    };

    bool add(std::size_t model, runtimes::Runtime& runtime, const std::string& wanted);
    Had ask(runtimes::Runtime& runtime, const std::string& model, const std::string& tactic) const;

    Prepared& prepared_;
    const Runtimes& runtimes_;
    /// Variant, why -> models
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> left_out_;
    std::map<std::string, std::string> objections_;  ///< tactic -> why the runtime asked last has it not
    std::set<std::string> had_;                      ///< tactics that some runtime has for some model
};

/// The tactic as the runtime has it, or why it has it not. A parameter that is only our default may be
/// unknown to it.
Variants::Had Variants::ask(runtimes::Runtime& runtime, const std::string& model,
                            const std::string& tactic) const {
    const auto objection = [&](const std::string& text) {
        return runtime.objection(spec_of(prepared_, runtime, model, text));
    };
    const std::string why = objection(tactic);
    const std::string plain = plain_form(tactic);
    if (why.empty() || plain == tactic) return {tactic, why};
    return {plain, objection(plain)};
}

bool Variants::add(std::size_t model, runtimes::Runtime& runtime, const std::string& wanted) {
    const Plan& plan = prepared_.plan;
    const auto [tactic, why] = ask(runtime, plan.models[model], wanted);
    const bool is_reference = &runtime == runtimes_.front().get() && tactic == "baseline";
    if (!why.empty()) {
        const auto& name = prepared_.study.models[model].name;
        if (is_reference)
            fail_usage("{} cannot execute {}, the study's reference: {}", runtime.name(), name, why);
        left_out_[{fmt::format("{}/{}", runtime.name(), tactic), why}].push_back(name);
        objections_[wanted] = why;
        return false;
    }
    had_.insert(wanted);
    store::VariantRecord variant;
    variant.model_id = static_cast<store::Id>(model);
    variant.tactic = tactic;
    variant.runtime = runtime.name();
    variant.device = plan.device;
    variant.batch = plan.batch;
    variant.threads = plan.threads;
    variant.is_baseline = is_reference;
    prepared_.study.variants.push_back(std::move(variant));
    return true;
}

void Variants::add(std::size_t model) {
    for (const auto& runtime : runtimes_) {
        for (const auto& tactic : prepared_.plan.tactics) {
            // What cannot execute the model as it is has no tactic of it either.
            if (!add(model, *runtime, tactic) && tactic == "baseline") break;
        }
    }
}

void Variants::finish() {
    for (const auto& [tactic, why] : objections_) {
        if (!had_.contains(tactic)) fail_usage("no runtime of the study has '{}': {}", tactic, why);
    }
    for (const auto& [variant, models] : left_out_) {
        const auto& [name, why] = variant;
        const bool every = models.size() == prepared_.plan.models.size();
        prepared_.left_out.push_back(every ? fmt::format("{}: {}", name, why)
                                           : fmt::format("{} of {}: {}", name, fmt::join(models, ", "), why));
    }
}

void add_trials(const Plan& plan, store::StudyRecord& study) {
    for (const Cell& cell : make_design(static_cast<int>(study.variants.size()), plan.blocks, plan.seed)) {
        store::TrialRecord trial;
        trial.block = cell.block;
        trial.position = cell.position;
        trial.variant_id = cell.variant;
        study.trials.push_back(std::move(trial));
    }
}

/// Sets what depends on the meters that work here.
void look_at_meters(Prepared& prepared, const meters::nvml::Access& gpus) {
    MonotonicClock clock;
    const meters::SystemFiles files;
    const meters::SystemPerfEvents perf;
    const auto discovery = meters::discover({.files = files,
                                             .clock = clock,
                                             .gpus = gpus,
                                             .perf = &perf,
                                             .amd_gpus = meters::amdsmi::open_system_library,
                                             .named = prepared.plan.meters});
    meters::demand_named(discovery);
    json described = describe_machine(files, discovery);
    described["runtimes"] = json::parse(prepared.runtime_versions);
    prepared.study.environment = dump(described);
    const auto executing = executing_part(prepared.plan.device);
    prepared.machine_notes = judge_machine(files, discovery, executing);
    for (auto& note : watch_counters(discovery, clock)) prepared.machine_notes.push_back(std::move(note));
    prepared.window =
        window_length(prepared.plan.protocol, suitable_meters(prepared.plan.protocol, discovery), executing);
}

bool usable(const std::string& pixels, const std::string& key) {
    std::error_code ignored;
    if (!std::filesystem::exists(pixels, ignored)) return false;
    try {
        return PixelFile::open(pixels, key)->intact();
    } catch (const Error&) {
        return false;
    }
}

/// Removes what a run that was killed while writing left behind. The store's lock is held, so nobody writes
/// now.
void remove_leftovers(const std::filesystem::path& folder) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().filename().string().find(".pixels.partial.") != std::string::npos) {
            std::filesystem::remove(entry.path(), ignored);
        }
    }
}

/// Tells backup programs that the folder can be made again (https://bford.info/cachedir/).
void tag_cache(const std::filesystem::path& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) fail("cannot make the folder {}: {}", folder.string(), problem.message());
    write_file_atomically(folder / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
}

}  // namespace

Runtimes make_runtimes(const Plan& plan, const runtimes::Access& access) {
    const auto all = with_workers(access, plan);
    Runtimes made;
    for (const auto& name : plan.runtimes) made.push_back(runtimes::make_runtime(name, all));
    return made;
}

runtimes::Access with_workers(runtimes::Access access, const Plan& plan) {
    for (const auto& [name, command] : plan.workers) access.workers.push_back({name, command, ""});
    return access;
}

Prepared prepare(const Plan& plan, const Runtimes& runtimes, const std::filesystem::path& store,
                 const meters::nvml::Access& gpus) {
    Prepared prepared{.plan = plan, .cache = std::filesystem::absolute(cache_of(store)).string()};
    auto& study = prepared.study;
    runtimes::NativeRuntime reader;
    for (const auto& path : plan.models) {
        prepared.models.push_back(
            prepare_model(plan, data_for(plan, path), reader.look({.model = path}), store));
        study.models.push_back(model_record(plan, path, prepared.models.back()));
    }
    make_names_unique(study.models);
    study.dataset = dataset_record(data_for(plan, plan.models.front()), prepared.models.front());
    study.plan = dump(to_json(plan));
    prepared.runtime_versions = dump(versions_of(runtimes));
    study.plan_hash = hash_plan(prepared);
    study.seed = static_cast<std::int64_t>(plan.seed);
    study.blocks = plan.blocks;
    study.tool_version = kVersion;
    study.created_at = utc_now();
    look_at_meters(prepared, gpus);
    Variants variants(prepared, runtimes);
    for (std::size_t model = 0; model < plan.models.size(); ++model) variants.add(model);
    variants.finish();
    add_trials(plan, study);
    return prepared;
}

void watch_meters(Prepared& prepared, const meters::nvml::Access& gpus) {
    if (prepared.plan.meters.empty()) return;
    MonotonicClock clock;
    for (auto& meter : prepared.plan.meters) meter.refresh_period = meters::watch(meter, clock);
    look_at_meters(prepared, gpus);
    const auto& protocol = prepared.plan.protocol;
    if (prepared.window + protocol.warmup_cap + protocol.idle < protocol.timeout) return;
    fail_usage(
        "the meters need a window of {:.0f} s, which does not fit into the time-out of a trial ({:.0f} s); "
        "raise it with --timeout",
        prepared.window.value(), protocol.timeout.value());
}

std::vector<double> prepare_pixels(
    const Prepared& prepared,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress) {
    const MonotonicClock clock;
    const auto seconds_to_make = [&](const runtimes::ModelInfo& info, const std::string& pixels,
                                     const std::string& key, const datasets::Dataset& images) {
        if (usable(pixels, key)) return 0.0;
        const Seconds start = clock.now();
        const auto folder = std::filesystem::path(pixels).parent_path();
        tag_cache(folder);
        remove_leftovers(folder);
        const datasets::Preprocessor preprocessor(info.processor, info.channels, info.height, info.width);
        PixelFile::write(pixels, key, images, preprocessor,
                         [&](std::int64_t done) { progress(info.name, done, images.size()); });
        return (clock.now() - start).value();
    };
    std::vector<double> seconds_per_image;
    for (const auto& model : prepared.models) {
        const double seconds = seconds_to_make(model.info, model.pixels, model.pixels_key, *model.images);
        seconds_per_image.push_back(seconds / static_cast<double>(model.images->size()));
        if (!model.calibration) continue;
        seconds_to_make(model.info, model.calibration_pixels, model.calibration_key,
                        *model.calibration->images);
    }
    return seconds_per_image;
}

void prepare_forms(const Prepared& prepared, const Runtimes& runtimes) {
    tag_cache(prepared.cache);
    const auto& study = prepared.study;
    for (std::size_t model = 0; model < study.models.size(); ++model) {
        for (const auto& runtime : runtimes) {
            const bool used = std::any_of(study.variants.begin(), study.variants.end(),
                                          [&](const store::VariantRecord& variant) {
                                              return variant.model_id == static_cast<store::Id>(model) &&
                                                     variant.runtime == runtime->name();
                                          });
            if (used && runtime->name() != "native") {
                runtime->look(spec_of(prepared, *runtime, prepared.plan.models[model], "baseline"));
            }
        }
    }
}

void remove_cache(const Prepared& prepared) {
    std::error_code ignored;
    for (const auto& model : prepared.models) {
        std::filesystem::remove(model.pixels, ignored);
        runtimes::remove_exchange(prepared.cache, model.info.sha256);
        if (model.calibration) std::filesystem::remove(model.calibration_pixels, ignored);
    }
}

}  // namespace espalier::lab
