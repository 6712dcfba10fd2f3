#pragma once

#include <filesystem>
#include <string>

#include "report/view_model.h"

namespace espalier::report {

/// The forms a report can take.
enum class Format {
    kHtml,      ///< one self-contained page
    kJson,      ///< the view model, "espalier.report/1"
    kCsv,       ///< one row per variant, every metric with its interval
    kMarkdown,  ///< verdicts and a table for each model
    kTimm,      ///< the columns of timm's benchmark tables, ours to the right of them
};

/// "html", "json", "csv", "md", "timm". Throws a usage Error with a suggestion for any other name.
Format parse_format(const std::string& name);

/// By the file's extension (.html, .htm, .json, .csv, .md, .markdown). Throws a usage Error for another one.
Format format_of(const std::filesystem::path& path);

/// The report as text of that form.
std::string render(const Report& report, Format format);

/// The page with the view model in its data block. Nothing in the data can end the block or the script: `<`,
/// `>`,
/// `&`, U+2028 and U+2029 are written as escapes.
std::string to_html(const Report& report);

/// One header line and one line per variant; unknown numbers are empty cells. RFC 4180 quoting.
std::string to_csv(const Report& report);

std::string to_markdown(const Report& report);

/// model, infer_img_size, infer_samples_per_sec, infer_step_time (ms per call), infer_batch_size, param_count
/// (millions), infer_gmacs, infer_macts as in timm's results/benchmark-infer-*.csv, then tactic, accuracy and
/// energy with its tier.
std::string to_timm(const Report& report);

}  // namespace espalier::report
