#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/calibration.h"

namespace espalier::runtimes {

/// Proof that a tactic happened in the variant that was measured, not in the one that was asked for.
struct Evidence {
    int nodes_before = 0;                 ///< graph nodes as imported
    int nodes_after = 0;                  ///< graph nodes that are executed
    std::int64_t parameters = 0;          ///< weights and biases of the model
    std::int64_t nonzero_parameters = 0;  ///< of these, different from zero
    std::int64_t weight_bytes = 0;        ///< weights resident in the engine's own layout
    std::int64_t disk_bytes = 0;          ///< weights as export writes them
    std::int64_t arena_bytes = 0;         ///< planned memory for activations
    std::string schedule;                 ///< how a batch is cut: "parts of 4 images, a thread each"; empty if unknown
    std::int64_t macs = 0;                ///< multiply-accumulates per image that are executed
    /// Share of `macs` executed by each kernel class: "f32", "bf16", "int8", "sparse", ... Sums to 1 where macs > 0.
    std::map<std::string, double> macs_share;
    /// MACs per image without those by zero weights that kernels really skip.
    std::int64_t effective_macs = 0;
    /// True when kernels skip some.
    bool effective_macs_exploited = false;
    std::vector<std::string> kernels;     ///< distinct kernels used, e.g. "gemm_f32/avx512"
    std::vector<std::string> passes;      ///< passes that changed the graph, in order, with their counts
    std::string device = "cpu";
    std::optional<CalibrationOrigin> calibration;  ///< images that the tactic looked at; none where it does not
    std::vector<std::string> notes;       ///< what did not happen and why, e.g. "convolutions stay f32"
};

/// JSON object with the field names above, units in the keys.
nlohmann::json to_json(const Evidence& evidence);
/// Inverse. Throws Error naming the key that is missing or of the wrong type.
Evidence evidence_from_json(const nlohmann::json& json);

}  // namespace espalier::runtimes
