#include "runtimes/worker/worker_evidence.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace espalier::runtimes {
namespace {

using nlohmann::json;

const json* present(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

Count count_at(const json& object, const char* key) {
    const json* value = present(object, key);
    if (value == nullptr) return {};
    if (!value->is_number_unsigned())
        fail("evidence: '{}' must be a whole number from 0, not {}", key, value->dump());
    return value->get<std::int64_t>();
}

std::string text_at(const json& object, const char* key) {
    const json* value = present(object, key);
    if (value == nullptr) return "";
    if (!value->is_string()) fail("evidence: '{}' must be a text, not {}", key, value->dump());
    return value->get<std::string>();
}

std::vector<std::string> texts_at(const json& object, const char* key) {
    std::vector<std::string> texts;
    const json* values = present(object, key);
    if (values == nullptr) return texts;
    if (!values->is_array()) fail("evidence: '{}' must be a list of texts", key);
    for (const auto& value : *values) {
        if (!value.is_string()) fail("evidence: '{}' holds {}, which is no text", key, value.dump());
        texts.push_back(value.get<std::string>());
    }
    return texts;
}

/// How long the optimization takes from nothing, and where its results are kept from an earlier time.
void note_compilation(const json& result, Evidence& evidence) {
    const json* times = present(result, "optimize");
    if (times == nullptr) return;
    if (!times->is_object()) fail("evidence: 'optimize' must be an object");
    for (const auto& [key, what] : {std::pair{"cold_s", "with nothing kept from earlier"},
                                    std::pair{"warm_s", "with what the first compilation left"}}) {
        const json* seconds = present(*times, key);
        if (seconds == nullptr) continue;
        if (!seconds->is_number() || seconds->get<double>() < 0) {
            fail("evidence: 'optimize.{}' must be a number of seconds, not {}", key, seconds->dump());
        }
        evidence.notes.push_back(fmt::format("optimizing takes {:.3g} s {}", seconds->get<double>(), what));
    }
}

}  // namespace

Evidence read_worker_evidence(const json& result) {
    Evidence evidence;
    evidence.nodes_before = count_at(result, "nodes_before");
    evidence.nodes_after = count_at(result, "nodes_after");
    evidence.parameters = count_at(result, "parameters");
    evidence.nonzero_parameters = count_at(result, "nonzero_parameters");
    evidence.weight_bytes = count_at(result, "weight_bytes");
    evidence.disk_bytes = count_at(result, "disk_bytes");
    evidence.kernels = texts_at(result, "kernels");
    evidence.passes = texts_at(result, "passes");
    evidence.notes = texts_at(result, "notes");
    if (const auto device = text_at(result, "device"); !device.empty()) evidence.device = device;
    if (const auto precision = text_at(result, "precision"); !precision.empty()) {
        evidence.notes.insert(evidence.notes.begin(), "arithmetic: " + precision);
    }
    note_compilation(result, evidence);
    if (evidence.parameters && evidence.nonzero_parameters &&
        *evidence.nonzero_parameters > *evidence.parameters) {
        fail("evidence: {} of {} parameters cannot be different from zero", *evidence.nonzero_parameters,
             *evidence.parameters);
    }
    return evidence;
}

}  // namespace espalier::runtimes
