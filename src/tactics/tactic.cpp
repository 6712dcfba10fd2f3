#include "tactics/tactic.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::tactics {
namespace {

/// By value, so that the table does not depend on the order in which files are initialised.
std::array<const Tactic*, 10> table() {
    return {&kBaseline,     &kCompile,       &kDynamicQuantization, &kStaticQuantization, &kBf16,
            &kLocalPruning, &kGlobalPruning, &kBlockPruning,        &kChannelPruning,     &kRepair};
}

const Tactic& find(std::string_view name) {
    std::vector<std::string> names;
    for (const Tactic* tactic : table()) {
        if (tactic->name == name) return *tactic;
        names.emplace_back(tactic->name);
    }
    std::string list;
    for (const auto& known : names) list += (list.empty() ? "" : ", ") + known;
    fail_usage("unknown tactic '{}'.{} Known tactics: {}", name, suggestion(name, names), list);
}

Part parse_part(std::string_view text) {
    const auto colon = text.find(':');
    const std::string_view parameter = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    const Tactic& tactic = find(text.substr(0, colon));
    if (colon != std::string_view::npos && parameter.empty()) {
        fail_usage("the tactic '{}' ends in a colon without a parameter", text);
    }
    return {std::string(tactic.name), tactic.canonical(parameter)};
}

/// Throws a usage Error where parts need others that are not there, or exclude each other.
void check_together(const std::vector<Part>& parts, std::string_view text) {
    bool prunes = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Tactic& tactic = find(parts[i].name);
        if (tactic.name == kBaseline.name && parts.size() > 1) {
            fail_usage("'baseline' means no tactic and cannot be composed, as in '{}'", text);
        }
        if (tactic.phase == Phase::kRepair && !prunes) {
            fail_usage(
                "{} makes up for what pruning did; compose it with a tactic that prunes, as in "
                "local-pruning:0.5+{}",
                tactic.name, tactic.name);
        }
        prunes = prunes || tactic.phase == Phase::kShrink || tactic.phase == Phase::kPrune;
        for (std::size_t j = 0; j < i; ++j) {
            if (parts[j].name == parts[i].name) fail_usage("'{}' contains {} twice", text, parts[i].name);
            if (tactic.phase == Phase::kQuantize && find(parts[j].name).phase == Phase::kQuantize) {
                fail_usage(
                    "{} and {} each choose the precision of the weights and cannot be composed; leave one "
                    "out of '{}'",
                    parts[j].name, parts[i].name, text);
            }
        }
    }
}

}  // namespace

std::span<const Tactic> all_tactics() {
    static const std::array<Tactic, 10> tactics{
        kBaseline,     kCompile,       kDynamicQuantization, kStaticQuantization, kBf16,
        kLocalPruning, kGlobalPruning, kBlockPruning,        kChannelPruning,     kRepair};
    return tactics;
}

std::vector<Part> parse(std::string_view text) {
    std::vector<Part> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('+', begin), text.size());
        parts.push_back(parse_part(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part& a, const Part& b) { return find(a.name).phase < find(b.name).phase; });
    check_together(parts, text);
    return parts;
}

std::string canonical(const std::vector<Part>& parts) {
    std::string text;
    for (const Part& part : parts) {
        if (!text.empty()) text += '+';
        text += part.name;
        if (!part.parameter.empty()) text += ":" + part.parameter;
    }
    return text;
}

std::string canonical(std::string_view text) { return canonical(parse(text)); }

std::string without_defaults(std::string_view text) {
    std::vector<Part> parts = parse(text);
    for (Part& part : parts) {
        if (part.parameter == find(part.name).canonical("")) part.parameter.clear();
    }
    return canonical(parts);
}

std::int64_t Applied::removed_parameters() const {
    std::int64_t sum = 0;
    for (const auto& pass : passes) sum += pass.removed_parameters;
    return sum;
}

std::vector<passes::KeptSlices> Applied::kept() const {
    std::vector<passes::KeptSlices> all;
    for (const auto& pass : passes) all.insert(all.end(), pass.kept.begin(), pass.kept.end());
    return all;
}

bool needs_calibration(const std::vector<Part>& parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [](const Part& part) { return find(part.name).calibrated_passes != nullptr; });
}

bool needs_calibration(std::string_view text) { return needs_calibration(parse(text)); }

Applied apply(const graph::Graph& graph, const std::vector<Part>& parts, passes::Observer* images) {
    Applied applied{graph, {}, {}};
    for (const Part& part : parts) {
        const Tactic& tactic = find(part.name);
        if (tactic.calibrated_passes && !images) {
            fail_usage(
                "{} looks at calibration images, and none were given; name a data set of them with "
                "--calibration",
                tactic.name);
        }
        const std::size_t first = applied.passes.size();
        const auto passes = tactic.calibrated_passes
                                ? tactic.calibrated_passes(part.parameter, {*images, graph, applied.kept()})
                                : tactic.passes(part.parameter);
        applied.graph = passes::run_passes(applied.graph, passes, applied.passes);
        const bool happened =
            std::any_of(applied.passes.begin() + static_cast<std::ptrdiff_t>(first), applied.passes.end(),
                        [](const auto& pass) { return pass.changes > 0; });
        for (std::size_t i = first; i < applied.passes.size(); ++i) {
            const auto& notes = applied.passes[i].notes;
            applied.notes.insert(applied.notes.end(), notes.begin(), notes.end());
        }
        if (!passes.empty() && !happened) {
            applied.notes.push_back(fmt::format("{} found nothing to change in this model", part.name));
        }
    }
    return applied;
}

}  // namespace espalier::tactics
