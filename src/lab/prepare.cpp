#include "lab/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "lab/design.h"
#include "lab/environment.h"
#include "lab/pixels.h"
#include "lab/wall_time.h"
#include "meters/discovery.h"
#include "meters/file_tree.h"
#include "tactics/tactic.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

std::string dump(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

runtimes::ModelInfo look_at(runtimes::Runtime& runtime, const Plan& plan, const std::string& model) {
    const auto instance = runtime.load({.model = model,
                                        .tactic = "baseline",
                                        .runtime = plan.runtime,
                                        .batch = plan.batch,
                                        .threads = plan.threads});
    return instance->info();
}

std::shared_ptr<const datasets::Dataset> choose(const Plan& plan, const runtimes::ModelInfo& info) {
    std::shared_ptr<const datasets::Dataset> all = datasets::open_dataset(plan.data, info.labels);
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
    const std::filesystem::path folder = store.string() + ".cache";
    place.path = std::filesystem::absolute(folder / (place.key.substr(0, 16) + ".pixels")).string();
    return place;
}

/// Chooses calibration images where a tactic of the plan looks at some.
void prepare_calibration(const Plan& plan, const std::filesystem::path& store, PreparedModel& prepared) {
    if (std::none_of(plan.tactics.begin(), plan.tactics.end(),
                     [](const auto& tactic) { return tactics::needs_calibration(tactic); })) {
        return;
    }
    const CalibrationSettings settings{plan.calibration, plan.data, plan.images, plan.seed};
    prepared.calibration = choose_calibration(settings, prepared.info.labels);
    const auto place = pixel_place(prepared.calibration->origin.sha256, prepared.info, store);
    prepared.calibration_pixels = place.path;
    prepared.calibration_key = place.key;
}

PreparedModel prepare_model(const Plan& plan, runtimes::Runtime& runtime, const std::string& model,
                            const std::filesystem::path& store) {
    PreparedModel prepared;
    prepared.info = look_at(runtime, plan, model);
    prepared.images = choose(plan, prepared.info);
    prepared.images_sha256 = datasets::content_sha256(*prepared.images);
    const auto place = pixel_place(prepared.images_sha256, prepared.info, store);
    prepared.pixels = place.path;
    prepared.pixels_key = place.key;
    prepare_calibration(plan, store, prepared);
    return prepared;
}

store::ModelRecord model_record(const std::string& path, const runtimes::ModelInfo& info) {
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
                        {"processor", datasets::to_json_text(info.processor)}});
    return record;
}

store::DatasetRecord dataset_record(const Plan& plan, const PreparedModel& model) {
    const auto& images = *model.images;
    store::DatasetRecord record;
    record.path = plan.data;
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

std::string hash_plan(const Prepared& prepared) {
    const auto& study = prepared.study;
    json identity = measured_part(prepared.plan);
    identity["version"] = kVersion;
    identity["data_sha256"] = study.dataset.sha256;
    for (const auto& model : study.models) identity["model_sha256"].push_back(model.sha256);
    for (const auto& model : prepared.models) {
        if (model.calibration) identity["calibration_sha256"].push_back(model.calibration->origin.sha256);
    }
    return sha256(dump(identity));
}

void add_variants(const Plan& plan, store::StudyRecord& study) {
    for (std::size_t model = 0; model < study.models.size(); ++model) {
        for (const auto& tactic : plan.tactics) {
            store::VariantRecord variant;
            variant.model_id = static_cast<store::Id>(model);
            variant.tactic = tactic;
            variant.runtime = plan.runtime;
            variant.device = "cpu";
            variant.batch = plan.batch;
            variant.threads = plan.threads;
            variant.is_baseline = tactic == "baseline";
            study.variants.push_back(std::move(variant));
        }
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

std::string machine(const meters::nvml::Access& gpus) {
    MonotonicClock clock;
    const meters::SystemFiles files;
    const meters::SystemPerfEvents perf;
    const auto discovery = meters::discover({.files = files,
                                             .clock = clock,
                                             .gpus = gpus,
                                             .perf = &perf,
                                             .amd_gpus = meters::amdsmi::open_system_library});
    return dump(describe_machine(files, discovery));
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

Prepared prepare(const Plan& plan, runtimes::Runtime& runtime, const std::filesystem::path& store,
                 const meters::nvml::Access& gpus) {
    Prepared prepared{.plan = plan};
    auto& study = prepared.study;
    for (const auto& path : plan.models) {
        prepared.models.push_back(prepare_model(plan, runtime, path, store));
        study.models.push_back(model_record(path, prepared.models.back().info));
    }
    make_names_unique(study.models);
    study.dataset = dataset_record(plan, prepared.models.front());
    study.plan = dump(to_json(plan));
    study.plan_hash = hash_plan(prepared);
    study.seed = static_cast<std::int64_t>(plan.seed);
    study.blocks = plan.blocks;
    study.tool_version = kVersion;
    study.created_at = utc_now();
    study.environment = machine(gpus);
    add_variants(plan, study);
    add_trials(plan, study);
    return prepared;
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

void remove_pixels(const Prepared& prepared) {
    std::error_code ignored;
    for (const auto& model : prepared.models) {
        std::filesystem::remove(model.pixels, ignored);
        if (model.calibration) std::filesystem::remove(model.calibration_pixels, ignored);
    }
}

}  // namespace espalier::lab
