#include "runtimes/evidence.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace espalier::runtimes {

using nlohmann::json;

namespace {

json count_json(const Count& count) { return count ? json(*count) : json(nullptr); }

Count count_at(const json& object, const char* key) {
    const json& value = object.at(key);
    return value.is_null() ? Count() : Count(value.get<std::int64_t>());
}

}  // namespace

json to_json(const Evidence& e) {
    return {{"nodes_before", count_json(e.nodes_before)},
            {"nodes_after", count_json(e.nodes_after)},
            {"parameters", count_json(e.parameters)},
            {"nonzero_parameters", count_json(e.nonzero_parameters)},
            {"weight_bytes", count_json(e.weight_bytes)},
            {"disk_bytes", count_json(e.disk_bytes)},
            {"arena_bytes", count_json(e.arena_bytes)},
            {"schedule", e.schedule},
            {"macs", count_json(e.macs)},
            {"macs_counted_on", e.macs_counted_on},
            {"macs_share", e.macs_share},
            {"effective_macs", count_json(e.effective_macs)},
            {"effective_macs_exploited", e.effective_macs_exploited},
            {"kernels", e.kernels},
            {"passes", e.passes},
            {"device", e.device},
            {"calibration", e.calibration ? to_json(*e.calibration) : json(nullptr)},
            {"notes", e.notes}};
}

Evidence evidence_from_json(const json& document) {
    try {
        Evidence e;
        e.nodes_before = count_at(document, "nodes_before");
        e.nodes_after = count_at(document, "nodes_after");
        e.parameters = count_at(document, "parameters");
        e.nonzero_parameters = count_at(document, "nonzero_parameters");
        e.weight_bytes = count_at(document, "weight_bytes");
        e.disk_bytes = count_at(document, "disk_bytes");
        e.arena_bytes = count_at(document, "arena_bytes");
        e.schedule = document.value("schedule", std::string());
        e.macs = count_at(document, "macs");
        e.macs_counted_on = document.value("macs_counted_on", e.macs_counted_on);
        document.at("macs_share").get_to(e.macs_share);
        e.effective_macs = count_at(document, "effective_macs");
        document.at("effective_macs_exploited").get_to(e.effective_macs_exploited);
        document.at("kernels").get_to(e.kernels);
        document.at("passes").get_to(e.passes);
        document.at("device").get_to(e.device);
        // Evidence of earlier versions has no such key.
        const json calibration = document.value("calibration", json(nullptr));
        if (!calibration.is_null()) e.calibration = calibration_origin_from_json(calibration);
        document.at("notes").get_to(e.notes);
        return e;
    } catch (const json::exception& error) {
        fail("malformed evidence: {}", error.what());
    }
}

}  // namespace espalier::runtimes
