#include "report/export.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::report {
namespace {

struct Row {
    const char* name;
    Format format;
};

constexpr std::array kByName = {Row{"html", Format::kHtml}, Row{"json", Format::kJson},
                                Row{"csv", Format::kCsv}, Row{"md", Format::kMarkdown},
                                Row{"timm", Format::kTimm}};

constexpr std::array kByExtension = {Row{".html", Format::kHtml},   Row{".htm", Format::kHtml},
                                     Row{".json", Format::kJson},   Row{".csv", Format::kCsv},
                                     Row{".md", Format::kMarkdown}, Row{".markdown", Format::kMarkdown}};

}  // namespace

Format parse_format(const std::string& name) {
    std::vector<std::string> names;
    for (const auto& row : kByName) {
        if (name == row.name) return row.format;
        names.emplace_back(row.name);
    }
    fail_usage("unknown report format '{}'.{} Formats: html, json, csv, md, timm", name,
               suggestion(name, names));
}

Format format_of(const std::filesystem::path& path) {
    const std::string extension = path.extension().string();
    for (const auto& row : kByExtension) {
        if (extension == row.name) return row.format;
    }
    fail_usage(
        "cannot tell the format of '{}' from its extension: use .html, .json, .csv or .md, or name it with "
        "--format",
        path.string());
}

std::string render(const Report& report, Format format) {
    switch (format) {
        case Format::kHtml:
            return to_html(report);
        case Format::kJson:
            return to_json(report).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        case Format::kCsv:
            return to_csv(report);
        case Format::kMarkdown:
            return to_markdown(report);
        case Format::kTimm:
            return to_timm(report);
    }
    fail("unknown report format");
}

}  // namespace espalier::report
