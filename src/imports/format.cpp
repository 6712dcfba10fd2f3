#include "imports/format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::imports {
namespace {

constexpr const Format* kFormats[] = {&kReplication, &kEnergiBridge,  &kNvidiaSmi,
                                      &kCodecarbon,  &kTimmBenchmark, &kTimmResults};

struct Alias {
    std::string_view text;
    std::string_view tactic;
};

constexpr Alias kAliases[] = {
    {"no-optimization", "baseline"},
    {"no-optimisation", "baseline"},
    {"none", "baseline"},
    {"no", "baseline"},
    {"original", "baseline"},
    {"base", "baseline"},
    {"torch.compile", "compile"},
    {"torch-compile", "compile"},
    {"compiled", "compile"},
    {"dynamic-quant", "dynamic-quantization"},
    {"dynamic-quantisation", "dynamic-quantization"},
    {"quantize-dynamic", "dynamic-quantization"},
    {"pruning-local", "local-pruning"},
    {"local-prune", "local-pruning"},
    {"pruning-global", "global-pruning"},
    {"global-prune", "global-pruning"},
};

bool has(const Table& table, std::string_view alternatives) {
    while (!alternatives.empty()) {
        const auto end = std::min(alternatives.find('|'), alternatives.size());
        if (table.find(alternatives.substr(0, end))) return true;
        alternatives.remove_prefix(std::min(end + 1, alternatives.size()));
    }
    return false;
}

std::vector<std::string> missing(const Table& table, const Format& format) {
    std::vector<std::string> absent;
    for (const auto column : format.columns) {
        if (!has(table, column)) absent.push_back(fmt::format("\"{}\"", column));
    }
    return absent;
}

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const auto* format : kFormats) names.emplace_back(format->name);
    return names;
}

const Format& named(const std::string& name) {
    for (const auto* format : kFormats) {
        if (format->name == name) return *format;
    }
    fail_usage("unknown format '{}'; there are auto, {}.{}", name, fmt::join(format_names(), ", "),
               suggestion(name, format_names()));
}

const Format& format_of(const Table& table, const std::string& name) {
    if (name == "auto") return recognize(table);
    const Format& format = named(name);
    if (const auto absent = missing(table, format); !absent.empty()) {
        fail_usage("{} line 1: a file of format {} has the column{} {}, and this one has not", table.file(),
                   format.name, absent.size() == 1 ? "" : "s", fmt::join(absent, ", "));
    }
    return format;
}

}  // namespace

std::span<const Format> all_formats() {
    static const std::array formats = {kReplication, kEnergiBridge,  kNvidiaSmi,
                                       kCodecarbon,  kTimmBenchmark, kTimmResults};
    return formats;
}

const Format& recognize(const Table& table) {
    const Format* nearest = nullptr;
    double nearness = -1.0;
    for (const auto* format : kFormats) {
        const auto absent = missing(table, *format);
        if (absent.empty()) return *format;
        const double share =
            1.0 - static_cast<double>(absent.size()) / static_cast<double>(format->columns.size());
        if (share <= nearness) continue;
        nearest = format;
        nearness = share;
    }
    fail_usage(
        "{} line 1: the heading is that of no known format; there are {}. The nearest is {}, which has the "
        "columns {} as well.",
        table.file(), fmt::join(format_names(), ", "), nearest->name,
        fmt::join(missing(table, *nearest), ", "));
}

Measurements read_files(const std::vector<Source>& sources, const ReadOptions& options) {
    if (sources.empty()) fail_usage("no file given");
    const Format* format = nullptr;
    std::unique_ptr<Reader> reader;
    std::vector<store::ImportedFile> files;
    for (const auto& source : sources) {
        Table table(source.file);
        const Format& own = format_of(table, options.format);
        if (format == nullptr) {
            format = &own;
            reader = own.make(options);
        } else if (format->name != own.name) {
            fail_usage("{} is of format {} and {} of {}; one study is made from files of one format",
                       files.front().path, format->name, table.file(), own.name);
        }
        reader->read(table, source);
        if (table.provenance().rows == 0) fail_usage("{} has a heading and no row below it", table.file());
        files.push_back(table.provenance());
        for (std::size_t i = 0; i + 1 < files.size(); ++i) {
            if (files[i].sha256 == files.back().sha256)
                fail_usage("{} and {} have the same content; give each file once", files[i].path,
                           files.back().path);
        }
    }
    Measurements measurements = reader->finish();
    measurements.format = format->name;
    measurements.files = std::move(files);
    return measurements;
}

std::string tactic_name(std::string_view text) {
    std::string name = lower(text);
    std::replace(name.begin(), name.end(), ' ', '-');
    std::replace(name.begin(), name.end(), '_', '-');
    for (const auto& alias : kAliases) {
        if (name == alias.text) return std::string(alias.tactic);
    }
    return name;
}

}  // namespace espalier::imports
