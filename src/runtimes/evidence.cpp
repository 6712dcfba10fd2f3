#include "runtimes/evidence.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace espalier::runtimes {

using nlohmann::json;

json to_json(const Evidence& e) {
    return {{"nodes_before", e.nodes_before},
            {"nodes_after", e.nodes_after},
            {"parameters", e.parameters},
            {"nonzero_parameters", e.nonzero_parameters},
            {"weight_bytes", e.weight_bytes},
            {"disk_bytes", e.disk_bytes},
            {"arena_bytes", e.arena_bytes},
            {"schedule", e.schedule},
            {"macs", e.macs},
            {"macs_share", e.macs_share},
            {"effective_macs", e.effective_macs},
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
        document.at("nodes_before").get_to(e.nodes_before);
        document.at("nodes_after").get_to(e.nodes_after);
        document.at("parameters").get_to(e.parameters);
        document.at("nonzero_parameters").get_to(e.nonzero_parameters);
        document.at("weight_bytes").get_to(e.weight_bytes);
        document.at("disk_bytes").get_to(e.disk_bytes);
        document.at("arena_bytes").get_to(e.arena_bytes);
        e.schedule = document.value("schedule", std::string());
        document.at("macs").get_to(e.macs);
        document.at("macs_share").get_to(e.macs_share);
        document.at("effective_macs").get_to(e.effective_macs);
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
