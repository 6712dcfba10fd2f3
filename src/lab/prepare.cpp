#include "lab/prepare.h"

#include <fmt/format.h>

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

PreparedModel prepare_model(const Plan& plan, runtimes::Runtime& runtime, const std::string& model,
                            const std::filesystem::path& store) {
    PreparedModel prepared;
    prepared.info = look_at(runtime, plan, model);
    prepared.images = choose(plan, prepared.info);
    prepared.images_sha256 = datasets::content_sha256(*prepared.images);
    const auto& info = prepared.info;
    prepared.pixels_key =
        sha256(fmt::format("{}\n{}\n{} {} {}", prepared.images_sha256, datasets::to_json_text(info.processor),
                           info.channels, info.height, info.width));
    const std::filesystem::path folder = store.string() + ".cache";
    prepared.pixels =
        std::filesystem::absolute(folder / (prepared.pixels_key.substr(0, 16) + ".pixels")).string();
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

std::string hash_plan(const Plan& plan, const store::StudyRecord& study) {
    json identity = measured_part(plan);
    identity["version"] = kVersion;
    identity["data_sha256"] = study.dataset.sha256;
    for (const auto& model : study.models) identity["model_sha256"].push_back(model.sha256);
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

std::string machine() {
    MonotonicClock clock;
    const meters::SystemFiles files;
    return dump(describe_machine(files, meters::discover({.files = files, .clock = clock})));
}

bool usable(const PreparedModel& model) {
    std::error_code ignored;
    if (!std::filesystem::exists(model.pixels, ignored)) return false;
    try {
        return PixelFile::open(model.pixels, model.pixels_key)->intact();
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

Prepared prepare(const Plan& plan, runtimes::Runtime& runtime, const std::filesystem::path& store) {
    Prepared prepared{.plan = plan};
    auto& study = prepared.study;
    for (const auto& path : plan.models) {
        prepared.models.push_back(prepare_model(plan, runtime, path, store));
        study.models.push_back(model_record(path, prepared.models.back().info));
    }
    make_names_unique(study.models);
    study.dataset = dataset_record(plan, prepared.models.front());
    study.plan = dump(to_json(plan));
    study.plan_hash = hash_plan(plan, study);
    study.seed = static_cast<std::int64_t>(plan.seed);
    study.blocks = plan.blocks;
    study.tool_version = kVersion;
    study.created_at = utc_now();
    study.environment = machine();
    add_variants(plan, study);
    add_trials(plan, study);
    return prepared;
}

std::vector<double> prepare_pixels(
    const Prepared& prepared,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress) {
    std::vector<double> seconds;
    const MonotonicClock clock;
    for (const auto& model : prepared.models) {
        seconds.push_back(0.0);
        if (usable(model)) continue;
        const auto folder = std::filesystem::path(model.pixels).parent_path();
        tag_cache(folder);
        remove_leftovers(folder);
        const auto& info = model.info;
        const datasets::Preprocessor preprocessor(info.processor, info.channels, info.height, info.width);
        const Seconds start = clock.now();
        PixelFile::write(model.pixels, model.pixels_key, *model.images, preprocessor,
                         [&](std::int64_t done) { progress(info.name, done, model.images->size()); });
        seconds.back() = (clock.now() - start).value() / static_cast<double>(model.images->size());
    }
    return seconds;
}

void remove_pixels(const Prepared& prepared) {
    std::error_code ignored;
    for (const auto& model : prepared.models) std::filesystem::remove(model.pixels, ignored);
}

}  // namespace espalier::lab
