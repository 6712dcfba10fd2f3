#include "cli/import_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/error.h"

namespace espalier::cli {
namespace {

/// "compile=run.csv" names a tactic, unless there is a file of that name.
imports::Source source_of(const std::string& text) {
    const auto at = text.find('=');
    std::error_code ignored;
    if (at == std::string::npos || std::filesystem::exists(text, ignored)) return {text, ""};
    if (at == 0 || at + 1 == text.size()) fail_usage("'{}' is neither FILE nor TACTIC=FILE", text);
    return {text.substr(at + 1), text.substr(0, at)};
}

}  // namespace

CLI::Option* add_reading_options(CLI::App& command, ReadingOptions& options) {
    CLI::Option* files = command.add_option("files", options.files,
                                            "CSV files of one format; TACTIC=FILE for logs of one run");
    command.add_option("--format", options.format,
                       "Format of the files (default: the one that the heading shows)");
    command.add_option("--model", options.model, "Model of logs that name none");
    command.add_option("--images", options.images, "Images classified in each run of a log")
        ->check(CLI::Range(1, 1'000'000'000).description(""));
    return files;
}

imports::Measurements read(const ReadingOptions& options) {
    std::vector<imports::Source> sources;
    for (const auto& file : options.files) sources.push_back(source_of(file));
    imports::ReadOptions reading{options.format, options.model, std::nullopt};
    if (options.images > 0) reading.images = options.images;
    return imports::read_files(sources, reading);
}

std::string format_help() {
    std::string text = "Formats:\n";
    for (const auto& format : imports::all_formats())
        text += fmt::format("  {:<15} {}\n", format.name, format.what);
    return text;
}

}  // namespace espalier::cli
