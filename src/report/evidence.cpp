#include "report/evidence.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/metrics.h"

namespace espalier::report {
namespace {

using nlohmann::json;

Count count_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? Count(found->get<std::int64_t>()) : Count();
}

std::vector<std::string> texts_at(const json& object, const char* key) {
    std::vector<std::string> texts;
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) return texts;
    for (const auto& text : *found) {
        if (text.is_string()) texts.push_back(text.get<std::string>());
    }
    return texts;
}

struct Row {
    const char* key;
    Count Evidence::*count;
    const char* source;  ///< null: the evidence says what it was counted on
};

constexpr std::array kRows = {
    Row{key::kMacs, &Evidence::macs, nullptr},
    Row{key::kEffectiveMacs, &Evidence::effective_macs, nullptr},
    Row{key::kParameters, &Evidence::parameters, "weights of the model"},
    Row{key::kNonzero, &Evidence::nonzero_parameters, "weights of the variant"},
    Row{key::kWeights, &Evidence::weight_bytes, "engine"},
    Row{key::kDisk, &Evidence::disk_bytes, "exported form"},
};

Measure counted(const Row& row, const std::optional<Evidence>& evidence, const Variant& variant) {
    Measure measure;
    if (!evidence || !((*evidence).*row.count)) {
        measure.reason = variant.reason ? variant.reason : Text("no evidence was recorded");
        return measure;
    }
    measure.value = static_cast<double>(*((*evidence).*row.count));
    measure.source = row.source != nullptr ? row.source : "walk of the " + evidence->macs_counted_on;
    if (row.count == &Evidence::effective_macs && evidence->effective_macs != evidence->macs)
        measure.scope = evidence->effective_macs_exploited ? "exploited" : "not exploited";
    return measure;
}

}  // namespace

std::optional<Evidence> read_evidence(const std::string& text) {
    if (text.empty()) return {};
    const auto object = json::parse(text, nullptr, false);
    if (!object.is_object()) fail("the evidence of a trial is not a JSON object: {}", text.substr(0, 60));
    Evidence evidence;
    evidence.nodes_before = count_at(object, "nodes_before");
    evidence.nodes_after = count_at(object, "nodes_after");
    evidence.parameters = count_at(object, "parameters");
    evidence.nonzero_parameters = count_at(object, "nonzero_parameters");
    evidence.weight_bytes = count_at(object, "weight_bytes");
    evidence.disk_bytes = count_at(object, "disk_bytes");
    evidence.arena_bytes = count_at(object, "arena_bytes");
    evidence.macs = count_at(object, "macs");
    evidence.effective_macs = count_at(object, "effective_macs");
    evidence.kernels = texts_at(object, "kernels");
    evidence.passes = texts_at(object, "passes");
    evidence.notes = texts_at(object, "notes");
    const auto exploited = object.find("effective_macs_exploited");
    evidence.effective_macs_exploited = exploited != object.end() && *exploited == true;
    evidence.macs_counted_on = object.value("macs_counted_on", evidence.macs_counted_on);
    const auto device = object.find("device");
    if (device != object.end() && device->is_string()) evidence.device = device->get<std::string>();
    const auto shares = object.find("macs_share");
    if (shares != object.end() && shares->is_object()) {
        for (const auto& [name, share] : shares->items()) {
            if (share.is_number()) evidence.macs_share[name] = share.get<double>();
        }
    }
    return evidence;
}

void add_evidence_measures(Variant& variant, const std::optional<Evidence>& baseline) {
    for (const auto& row : kRows) {
        Measure measure = counted(row, variant.evidence, variant);
        const Count before = baseline ? (*baseline).*row.count : Count();
        if (measure.value && before && *before > 0 && !variant.baseline) {
            Comparison comparison;
            comparison.value = *measure.value / static_cast<double>(*before);
            measure.comparison = comparison;
        }
        variant.measures[row.key] = measure;
    }
}

}  // namespace espalier::report
