#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imports/measurements.h"
#include "imports/table.h"

namespace espalier::imports {

/// One file to be read, and what the user says of it.
struct Source {
    std::filesystem::path file;
    std::string tactic;  ///< of the run that a log records; empty: "baseline", or what the file says
};

struct ReadOptions {
    std::string format = "auto";
    std::string model;                   ///< of logs that name none
    std::optional<std::int64_t> images;  ///< classified in each run that a log records
};

/// Reads the files of one format, one after the other.
class Reader {
  public:
    virtual ~Reader() = default;
    /// Reads a file to its end. Throws Error with file and line for what cannot be understood.
    virtual void read(Table& table, const Source& source) = 0;
    /// Hands over what was read. Called once, after the last file.
    virtual Measurements finish() = 0;
};

/// One row of the table of formats.
struct Format {
    std::string_view name;
    std::string_view what;
    /// Columns that a file of this format has, '|' between alternatives.
    std::span<const std::string_view> columns;
    std::unique_ptr<Reader> (*make)(const ReadOptions& options);
};

/// All formats. To add one: its file, declared below, and a row in format.cpp.
std::span<const Format> all_formats();

extern const Format kReplication;
extern const Format kEnergiBridge;
extern const Format kNvidiaSmi;
extern const Format kCodecarbon;
extern const Format kTimmBenchmark;
extern const Format kTimmResults;

/// The format whose columns the table has. Throws a usage Error that names all formats and what the nearest
/// one lacks.
const Format& recognize(const Table& table);

/// Reads the files, which must be of one format: the named one, or with "auto" the one that each heading
/// shows. Throws a usage Error for no file, one given twice, different formats, or what a reader refuses.
Measurements read_files(const std::vector<Source>& sources, const ReadOptions& options);

/// Our name of a tactic where `text` means one ("torch.compile", "No Optimization"), else the text in lower
/// case with hyphens.
std::string tactic_name(std::string_view text);

}  // namespace espalier::imports
