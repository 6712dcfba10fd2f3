#include <fmt/format.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "cli/store_path.h"
#include "cli/table.h"
#include "lab/side_by_side.h"
#include "store/labels.h"
#include "store/studies.h"
#include "tactics/tactic.h"

namespace espalier::cli {
namespace {

struct CompareOptions {
    std::vector<std::string> words;
    std::string study;
    std::string format = "table";
    bool all = false;
};

bool is_hexadecimal(const std::string& word) {
    return !word.empty() && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<lab::Column> all_variants(const store::StudyRecord& study) {
    std::vector<lab::Column> columns;
    for (const auto& variant : study.variants) columns.push_back({&study, &variant});
    return columns;
}

/// Variants whose label or tactic is one of `words`, in the order of the words.
std::vector<lab::Column> named_variants(const store::StudyRecord& study,
                                        const std::vector<std::string>& words) {
    std::vector<lab::Column> columns;
    for (const auto& word : words) {
        std::vector<std::string> known;
        for (const auto& variant : study.variants) known.push_back(store::label(study, variant));
        // An import may hold tactics that are none of ours.
        const bool is_label = std::find(known.begin(), known.end(), word) != known.end();
        const std::string tactic = is_label ? word : tactics::canonical(word);
        const std::size_t before = columns.size();
        for (const auto& variant : study.variants) {
            const std::string label = store::label(study, variant);
            if ((is_label ? label : variant.tactic) == tactic) columns.push_back({&study, &variant});
        }
        if (columns.size() > before) continue;
        fail_usage("study {} has no variant '{}'.{}", study.key, word, suggestion(word, known));
    }
    return columns;
}

Table to_table(const lab::SideBySide& comparison, bool all) {
    Table table(1);
    table[0].push_back("");
    for (const auto& column : comparison.columns) table[0].push_back(column);
    for (const auto* row : lab::shown_rows(comparison, all)) {
        table.push_back({row->name});
        for (const auto& fact : row->facts) table.back().push_back(fact.text.empty() ? "unknown" : fact.text);
    }
    return table;
}

void print(const lab::SideBySide& comparison, const CompareOptions& options, const Globals& globals) {
    if (globals.json || options.format == "json") {
        fmt::print("{}\n", lab::to_json(comparison, options.all).dump());
        return;
    }
    const Table table = to_table(comparison, options.all);
    if (globals.plain) {
        fmt::print("{}", write_plain(table));
    } else if (options.format == "md") {
        fmt::print("{}", write_markdown(table));
    } else if (options.format == "csv") {
        fmt::print("{}", write_csv(table));
    } else {
        fmt::print("{}", write_aligned(table));
    }
    for (const auto& caution : comparison.cautions) fmt::print(stderr, "Caution: {}.\n", caution);
}

void compare(const CompareOptions& options, const Globals& globals) {
    store::Database database(store_path(globals), store::Access::kRead);
    store::Studies studies(database);
    // A deque keeps the records where they are, for the columns point into them.
    std::deque<store::StudyRecord> records;
    std::vector<lab::Column> columns;
    const bool by_study =
        !options.words.empty() && std::all_of(options.words.begin(), options.words.end(), is_hexadecimal);
    if (by_study) {
        for (const auto& word : options.words) {
            records.push_back(store::read_study(database, studies.find(word)));
            const auto more = all_variants(records.back());
            columns.insert(columns.end(), more.begin(), more.end());
        }
    } else {
        records.push_back(store::read_study(database, studies.find(options.study)));
        columns = options.words.empty() ? all_variants(records.back())
                                        : named_variants(records.back(), options.words);
    }
    print(lab::put_side_by_side(columns), options, globals);
}

}  // namespace

void add_compare(CLI::App& app, Globals& globals, int&) {
    auto options = std::make_shared<CompareOptions>();
    CLI::App* command = app.add_subcommand("compare", "Variants or studies side by side, only what differs");
    command->group("Decide");
    command->add_option("what", options->words,
                        "Tactics of one study, or studies (default: all of the newest study)");
    command->add_option("--study", options->study, "Study whose tactics are compared (default: the newest)");
    command->add_option("--format", options->format, "table, md, csv or json")
        ->check(CLI::IsMember({"table", "md", "csv", "json"}));
    command->add_flag("--all", options->all, "Also what is the same");
    command->footer(
        "Examples:\n  espalier compare baseline compile\n  espalier compare 7c1e 90ab --format md");
    command->callback([options, &globals] { compare(*options, globals); });
}

}  // namespace espalier::cli
