#pragma once

#include <string>
#include <vector>

#include "imports/format.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace espalier::cli {

/// Which foreign files are read, and how: what `import` and `audit` share.
struct ReadingOptions {
    std::vector<std::string> files;  ///< FILE or TACTIC=FILE
    std::string format = "auto";
    std::string model;
    std::int64_t images = 0;  ///< 0: not told
};

/// Adds the options. Returns that of the files.
CLI::Option* add_reading_options(CLI::App& command, ReadingOptions& options);

/// Reads the files. Throws as imports::read_files() does.
imports::Measurements read(const ReadingOptions& options);

/// One line for each format, for --help.
std::string format_help();

}  // namespace espalier::cli
