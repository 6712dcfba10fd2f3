#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/cpu_features.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/variant_options.h"
#include "lab/evaluation.h"
#include "statistics/proportions.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct EvaluateOptions {
    VariantOptions variant;
    AnyRuntimeOptions runtime;
    std::string data;
    std::string predictions;
    std::int64_t images = 0;
    std::uint64_t seed = 1;
};

void write_predictions(const EvaluateOptions& options, const std::string& tactic,
                       const datasets::Dataset& dataset, const lab::Evaluation& result) {
    json names = json::array();
    json labels = json::array();
    for (std::int64_t i = 0; i < dataset.size(); ++i) {
        names.push_back(dataset.name(i));
        labels.push_back(dataset.label(i));
    }
    const json document = {
        {"schema", "espalier.predictions/1"}, {"tactic", tactic}, {"runtime", options.runtime.runtime},
        {"predictions", result.predictions},  {"labels", labels}, {"names", names}};
    write_file_atomically(options.predictions, document.dump() + "\n");
}

void evaluate(const EvaluateOptions& options, const Globals& globals) {
    VariantOptions variant = options.variant;
    variant.calibration.data = options.data;
    variant.calibration.images = options.images;
    variant.calibration.seed = options.seed;
    const AnyVariant made = make_variant(variant, options.runtime, globals);
    const auto& instance = made.instance;
    std::shared_ptr<const datasets::Dataset> dataset =
        datasets::open_dataset(options.data, instance->info().labels);
    if (options.images > 0) dataset = datasets::subset(dataset, options.images, options.seed);
    const int threads = options.variant.threads > 0 ? options.variant.threads : usable_cpus();
    const lab::Evaluation result = lab::evaluate(*instance, *dataset, options.variant.batch, threads);
    if (!options.predictions.empty()) write_predictions(options, made.tactic, *dataset, result);
    const auto n = static_cast<double>(dataset->size());
    const auto top1 = statistics::wilson(result.top1, dataset->size());
    const auto top5 = statistics::wilson(result.top5, dataset->size());
    if (globals.json) {
        const json document = {{"schema", "espalier.evaluate/1"},
                               {"model", instance->info().name},
                               {"tactic", made.tactic},
                               {"runtime", options.runtime.runtime},
                               {"top1", static_cast<double>(result.top1) / n},
                               {"top1_ci95", {top1.low, top1.high}},
                               {"top5", static_cast<double>(result.top5) / n},
                               {"top5_ci95", {top5.low, top5.high}},
                               {"images", dataset->size()},
                               {"decode_s", result.decode_seconds},
                               {"inference_s", result.inference_seconds},
                               {"evidence", runtimes::to_json(instance->evidence())}};
        fmt::print("{}\n", document.dump());
        return;
    }
    fmt::print("{}  {}{}  on {} images\n", instance->info().name,
               made.native != nullptr ? "" : options.runtime.runtime + "/", made.tactic, dataset->size());
    fmt::print("  top-1  {:.2f} %   (95 % CI {:.2f} to {:.2f})\n", 100 * static_cast<double>(result.top1) / n,
               100 * top1.low, 100 * top1.high);
    fmt::print("  top-5  {:.2f} %   (95 % CI {:.2f} to {:.2f})\n", 100 * static_cast<double>(result.top5) / n,
               100 * top5.low, 100 * top5.high);
    if (const auto calibration = instance->evidence().calibration) {
        fmt::print("  {}\n", runtimes::describe(*calibration));
    }
    fmt::print(
        "  {:.1f} s reading and preprocessing, {:.1f} s inference (not a measurement: see 'espalier run')\n",
        result.decode_seconds, result.inference_seconds);
}

}  // namespace

void add_evaluate(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App* command = app.add_subcommand("evaluate", "Accuracy alone of a model under a tactic");
    command->group("Try");
    add_variant_options(*command, options->variant, 16);
    add_autotune_option(*command, options->variant);
    add_any_runtime_options(*command, options->runtime);
    command
        ->add_option("-d,--data", options->data,
                     "Labelled images: class folders, labels.csv, CIFAR .bin or IDX")
        ->required();
    command->add_option("--images", options->images, "Use this many images, spread over the classes")
        ->check(CLI::Range(1, 1'000'000'000).description(""));
    command
        ->add_option("--seed", options->seed, "Seed of that choice, and of the choice of calibration images")
        ->capture_default_str();
    command->add_option("--predictions", options->predictions,
                        "Write the predicted class of every image, as JSON");
    command->footer(
        "Example: espalier evaluate --model zoo/models/vit-mini --data zoo/images/test --tactic compile");
    command->callback([options, &globals] { evaluate(*options, globals); });
}

}  // namespace espalier::cli
