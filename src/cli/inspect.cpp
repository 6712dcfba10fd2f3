#include <algorithm>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/model_source.h"
#include "datasets/processor.h"
#include "graph/cost.h"
#include "models/load.h"
#include "tactics/tactic.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

struct InspectOptions {
    std::string model;
    bool layers = false;
    bool graph = false;
    bool tactics = false;
    bool random_weights = false;
    bool config_only = false;
};

/// Shows nothing: what a tactic would change can be told without images.
class NoImages final : public passes::Observer {
  public:
    std::int64_t images() const override { return 0; }
    int threads() const override { return 1; }
    void observe(const graph::Graph&, std::span<const graph::NodeId>, const See&) override {}
};

/// Which tactics find something to do in this model; the reason where one does not.
json applicable_tactics(const models::Model& model) {
    json rows = json::array();
    NoImages images;
    for (const auto& tactic : tactics::all_tactics()) {
        try {
            const auto applied = tactics::apply(model.graph, tactics::parse(tactic.name), &images);
            const bool applies =
                applied.passes.empty() || std::any_of(applied.passes.begin(), applied.passes.end(),
                                                      [](const auto& pass) { return pass.changes > 0; });
            rows.push_back({{"tactic", tactics::canonical(tactic.name)},
                            {"applies", applies},
                            {"note", applies || applied.notes.empty() ? std::string(tactic.summary)
                                                                      : applied.notes.front()}});
        } catch (const Error& error) {
            // Some tactic does nothing on its own, and says what to compose it with.
            if (error.kind() != ErrorKind::kUsage) throw;
            rows.push_back(
                {{"tactic", std::string(tactic.name)}, {"applies", false}, {"note", error.what()}});
        }
    }
    return rows;
}

json layers_of(const graph::Graph& graph) {
    json rows = json::array();
    for (const auto& node : graph.nodes()) {
        if (std::holds_alternative<graph::Input>(node.op) || std::holds_alternative<graph::Constant>(node.op))
            continue;
        std::vector<const graph::TensorType*> types;
        for (const auto id : node.inputs)
            types.push_back(id == graph::NodeId::kNone ? nullptr : &graph.type(id));
        const auto cost = graph::cost_of(node.op, types, node.type);
        rows.push_back({{"name", node.name},
                        {"op", graph::print(node.op)},
                        {"output", node.type.str()},
                        {"macs", cost.macs},
                        {"other_ops", cost.other_ops}});
    }
    return rows;
}

json describe(const models::Model& model, const InspectOptions& options) {
    const auto report = graph::cost_of(model.graph);
    json by_op = json::object();
    for (const auto& [op, cost] : report.by_op) {
        by_op[op] = {
            {"nodes", report.node_counts.at(op)}, {"macs", cost.macs}, {"other_ops", cost.other_ops}};
    }
    json document = {
        {"schema", "espalier.inspect/1"},
        {"model", model.name},
        {"origin", model.origin},
        {"architecture", model.architecture},
        {"sha256", model.sha256},
        {"classes", model.classes()},
        {"input", {{"channels", model.channels()}, {"height", model.height()}, {"width", model.width()}}},
        {"parameters", model.parameters},
        {"nonzero_parameters", model.parameters - report.zero_weights},
        {"weight_bytes", report.weight_bytes},
        {"macs", report.total.macs},
        {"flops", report.total.flops()},
        {"other_ops", report.total.other_ops},
        {"effective_macs", report.effective_macs},
        {"peak_activation_bytes", report.peak_activation_bytes},
        {"uncounted_ops", report.uncounted},
        {"by_op", by_op},
        {"processor", json::parse(datasets::to_json_text(model.processor), nullptr, false)},
        {"processor_type", model.processor.type},
        {"notes", model.notes}};
    if (options.tactics) document["tactics"] = applicable_tactics(model);
    if (options.layers) document["layers"] = layers_of(model.graph);
    return document;
}

std::string processor_line(const datasets::ProcessorConfig& p) {
    std::string line = p.type;
    if (p.resize) {
        line += p.shortest_edge ? fmt::format(", shorter edge to {}", *p.shortest_edge)
                                : fmt::format(", both edges to {}x{} (aspect ratio lost)",
                                              p.resize_extent.height, p.resize_extent.width);
    }
    if (p.crop) line += fmt::format(", centre crop {}x{}", p.crop->height, p.crop->width);
    if (p.flip_channels) line += ", BGR";
    return line;
}

void print_text(const json& d, const models::Model& model) {
    fmt::print("{}  ({}, {} classes)\n", model.name, model.architecture, model.classes());
    fmt::print("  input        {} x {} x {} pixels\n", model.channels(), model.height(), model.width());
    fmt::print("  processor    {}\n", processor_line(model.processor));
    const std::string nonzero =
        d["nonzero_parameters"].is_null() ? "unknown" : human_count(d["nonzero_parameters"]);
    fmt::print("  parameters   {} ({} non-zero), {}\n", human_count(d["parameters"]), nonzero,
               human_bytes(d["weight_bytes"]));
    fmt::print("  MACs         {} per image at batch 1 ({} FLOPs; 1 MAC = 2 FLOPs)\n", human_count(d["macs"]),
               human_count(d["flops"]));
    fmt::print("  other ops    {} (norms, activations, pooling, sums: counted apart)\n",
               human_count(d["other_ops"]));
    fmt::print("  activations  {} at their peak\n", human_bytes(d["peak_activation_bytes"]));
    fmt::print("\n  {:<20}{:>7}{:>12}{:>12}\n", "op", "nodes", "MACs", "other ops");
    for (const auto& [op, row] : d["by_op"].items()) {
        fmt::print("  {:<20}{:>7}{:>12}{:>12}\n", op, row["nodes"].get<int>(), human_count(row["macs"]),
                   human_count(row["other_ops"]));
    }
    if (!d["uncounted_ops"].empty()) fmt::print("  not counted: {}\n", d["uncounted_ops"].dump());
    if (d.contains("tactics")) {
        fmt::print("\n  {:<28}{:<9}\n", "tactic", "applies");
        for (const auto& row : d["tactics"]) {
            fmt::print("  {:<28}{:<9}{}\n", row["tactic"].get<std::string>(),
                       row["applies"].get<bool>() ? "yes" : "no", row["note"].get<std::string>());
        }
    }
    if (d.contains("layers")) {
        fmt::print("\n  {:<44}{:>12}  {}\n", "layer", "MACs", "op");
        for (const auto& row : d["layers"]) {
            fmt::print("  {:<44}{:>12}  {} -> {}\n", row["name"].get<std::string>(), human_count(row["macs"]),
                       row["op"].get<std::string>(), row["output"].get<std::string>());
        }
    }
    for (const auto& note : model.notes) fmt::print("  note: {}\n", note);
}

void inspect(const InspectOptions& options, const Globals& globals) {
    models::LoadOptions load;
    if (options.random_weights) load.random_weights = 1;
    load.blank_weights = options.config_only;
    const models::Model model = models::load_model(model_path(options.model, globals), load);
    if (options.graph) {
        fmt::print("{}", graph::print(model.graph));
        return;
    }
    json document = describe(model, options);
    if (load.blank_weights) document["nonzero_parameters"] = nullptr;
    if (globals.json) {
        fmt::print("{}\n", document.dump(2));
    } else {
        print_text(document, model);
    }
}

}  // namespace

void add_inspect(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<InspectOptions>();
    CLI::App* command = app.add_subcommand(
        "inspect", "Parameters, MACs, memory, input contract; reads and checks the whole model");
    command->group("Start");
    command->add_option("model", options->model, kModelHelp)->required();
    command->add_flag("--layers", options->layers, "List every operation");
    command->add_flag("--tactics", options->tactics, "Say which tactics find something to do, and why not");
    command->add_flag("--graph", options->graph, "Print the graph as it was imported");
    command->add_flag("--config-only", options->config_only, "Read config.json alone, without any weights");
    command->add_flag("--random-weights", options->random_weights,
                      "Build from config.json, with seeded weights");
    command->footer("Example: espalier inspect zoo/models/vit-mini --tactics");
    command->callback([options, &globals] { inspect(*options, globals); });
}

}  // namespace espalier::cli
