#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/store_path.h"
#include "cli/table.h"
#include "store/studies.h"

namespace espalier::cli {
namespace {

using nlohmann::json;

json to_json(const std::vector<store::StudySummary>& studies) {
    json list = json::array();
    for (const auto& study : studies) {
        list.push_back({{"study", study.key},
                        {"created", study.created_at},
                        {"models", study.models},
                        {"tactics", study.tactics},
                        {"imported", study.imported.empty() ? json(nullptr) : json(study.imported)},
                        {"images", study.images},
                        {"blocks", study.blocks},
                        {"done", study.progress.done},
                        {"failed", study.progress.failed},
                        {"total", study.progress.total()}});
    }
    return {{"schema", "espalier.list/1"}, {"studies", list}};
}

Table to_table(const std::vector<store::StudySummary>& studies) {
    Table table = {{"study", "made", "trials", "failed", "blocks", "images", "from", "models", "tactics"}};
    for (const auto& study : studies) {
        table.push_back({study.key, study.created_at.substr(0, 16) + "Z",
                         fmt::format("{}/{}", study.progress.done, study.progress.total()),
                         std::to_string(study.progress.failed), std::to_string(study.blocks),
                         std::to_string(study.images), study.imported.empty() ? "here" : study.imported,
                         fmt::format("{}", fmt::join(study.models, " ")),
                         fmt::format("{}", fmt::join(study.tactics, " "))});
    }
    return table;
}

void list(const Globals& globals) {
    store::Database database(store_path(globals), store::Access::kRead);
    const auto studies = store::Studies(database).list();
    if (globals.json) {
        fmt::print("{}\n", to_json(studies).dump());
    } else if (globals.quiet) {
        for (const auto& study : studies) fmt::print("{}\n", study.key);
    } else {
        fmt::print("{}", globals.plain ? write_plain(to_table(studies)) : write_aligned(to_table(studies)));
    }
}

}  // namespace

void add_list(CLI::App& app, Globals& globals, int&) {
    CLI::App* command = app.add_subcommand("list", "Studies in the store, newest first");
    command->group("Keep");
    command->footer("Example: espalier list --store .espalier/lab.db");
    command->callback([&globals] { list(globals); });
}

}  // namespace espalier::cli
