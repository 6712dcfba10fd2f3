#include "imports/artefact.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace espalier::imports {
namespace {

constexpr std::size_t kLinesShown = 3;

std::string lines_text(const std::string& file, const std::vector<std::int64_t>& lines, std::int64_t count) {
    std::string text = fmt::format("{} line{} {}", file, count == 1 ? "" : "s", fmt::join(lines, ", "));
    const auto rest = count - static_cast<std::int64_t>(lines.size());
    return rest > 0 ? text + fmt::format(" and {} more", rest) : text;
}

}  // namespace

std::string name(Severity severity) {
    return severity == Severity::kImpossible ? "impossible" : "suspicious";
}

bool RowFindings::first(const Kind& kind, const std::string& file) const {
    return !finds_.contains({&kind, file});
}

void RowFindings::add(const Kind& kind, const std::string& file, std::int64_t line, std::string figures) {
    const std::pair key(&kind, file);
    if (!finds_.contains(key)) order_.push_back(key);
    auto& find = finds_[key];
    if (find.count == 0) find.figures = std::move(figures);
    if (find.lines.size() < kLinesShown) find.lines.push_back(line);
    ++find.count;
}

std::vector<Artefact> RowFindings::artefacts() const {
    std::vector<Artefact> all;
    for (const auto& key : order_) {
        const auto& find = finds_.at(key);
        const std::string rows = fmt::format("{} row{}", find.count, find.count == 1 ? "" : "s");
        all.push_back({key.first, lines_text(key.second, find.lines, find.count),
                       find.figures.empty() ? rows : fmt::format("{}; the first: {}", rows, find.figures)});
    }
    return all;
}

}  // namespace espalier::imports
