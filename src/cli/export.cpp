#include <chrono>
#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/variant_options.h"
#include "models/save.h"
#include "models/save_onnx.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct ExportOptions {
    VariantOptions variant;
    std::string output;
    std::string format;  ///< empty: told by the output's name
    bool force = false;
};

json provenance_of(const runtimes::NativeInstance& instance, const ExportOptions& options) {
    const auto& source = instance.model();
    json provenance = {
        {"made_by", std::string("espalier ") + kVersion},
        {"made_at_unix_s",
         std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
             .count()},
        {"source", {{"name", source.name}, {"origin", source.origin}, {"sha256", source.sha256}}},
        {"tactic", tactics::canonical(options.variant.tactic)},
        {"evidence", runtimes::to_json(instance.evidence())}};
    // An export of an export keeps the whole chain.
    if (!source.provenance_json.empty())
        provenance["source"]["provenance"] = json::parse(source.provenance_json);
    return provenance;
}

bool is_onnx_file(const ExportOptions& options) {
    return std::filesystem::path(options.output).extension() == ".onnx";
}

std::string next_step(const ExportOptions& options) {
    if (!is_onnx_file(options))
        return fmt::format("Next: espalier classify --model {} IMAGE", options.output);
    return "Next: run it with ONNX Runtime. To load it here it needs labels and preprocessing: --format onnx "
           "-o FOLDER";
}

void save(const models::Model& model, const json& provenance, const ExportOptions& options) {
    const models::SaveOptions how{options.force};
    if (is_onnx_file(options)) {
        if (options.format == "espalier") {
            fail_usage("{} is the name of an ONNX file, but the format 'espalier' is a folder",
                       options.output);
        }
        models::save_onnx_file(model, provenance, options.output, how);
    } else if (options.format == "onnx") {
        models::save_onnx_folder(model, provenance, options.output, how);
    } else {
        models::save_model(model, provenance, options.output, how);
    }
}

void export_model(const ExportOptions& options, const Globals& globals) {
    VariantOptions variant = options.variant;
    variant.hash = true;
    const auto instance = make_instance(variant, globals, {.keep_graphs = true});
    models::Model model = instance->model();
    model.graph = instance->applied().graph;
    model.parameters -= instance->applied().removed_parameters();
    const json provenance = provenance_of(*instance, options);
    if (!globals.dry_run) save(model, provenance, options);
    const auto bytes = instance->evidence().disk_bytes.value();
    if (globals.json) {
        const json document = {{"schema", "espalier.export/1"},
                               {"folder", options.output},
                               {"weight_bytes", bytes},
                               {"written", !globals.dry_run},
                               {"provenance", provenance}};
        fmt::print("{}\n", document.dump());
    } else if (globals.quiet) {
        fmt::print("{}\n", options.output);
    } else {
        fmt::print("{} {} ({} of weights): {} under {}\n", globals.dry_run ? "would write" : "wrote",
                   options.output, human_bytes(bytes), model.name,
                   tactics::canonical(options.variant.tactic));
        fmt::print("{}\n", next_step(options));
    }
}

}  // namespace

void add_export(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App* command =
        app.add_subcommand("export", "Write an optimized model, ready to deploy, with provenance");
    command->group("Decide");
    add_variant_options(*command, options->variant, 1);
    command
        ->add_option("-o,--output", options->output,
                     "Folder to write, or an ONNX file where the name ends in .onnx")
        ->required();
    command
        ->add_option(
            "--format", options->format,
            "What the folder holds: espalier (loads fastest) or onnx (model.onnx with its JSON files)")
        ->check(CLI::IsMember({"espalier", "onnx"}));
    command->add_flag("-f,--force", options->force, "Replace a folder or file that an earlier export wrote");
    command->footer(
        "Examples:\n"
        "  espalier export --model vit/ --tactic compile+dynamic-quantization -o vit-int8/\n"
        "  espalier export --model vit/ --tactic compile -o vit.onnx    the network alone, for ONNX Runtime\n"
        "  espalier export --model vit/ --format onnx -o vit-onnx/      with labels and preprocessing beside "
        "it\n"
        "An ONNX file has the input pixel_values [N, C, H, W] and the output logits [N, classes], opset 17. "
        "Weights of\n"
        "more than 1.5 GB lie beside it in a file that ends in .data.");
    command->callback([options, &globals] { export_model(*options, globals); });
}

}  // namespace espalier::cli
