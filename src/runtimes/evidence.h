#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/calibration.h"

namespace espalier::runtimes {

/// A number of things; nothing where the runtime does not tell.
using Count = std::optional<std::int64_t>;

/// Proof that a tactic happened in the variant that was measured, not in the one that was asked for.
struct Evidence {
    Count nodes_before;        ///< graph nodes as imported
    Count nodes_after;         ///< graph nodes that are executed
    Count parameters;          ///< weights and biases of the model
    Count nonzero_parameters;  ///< of these, different from zero
    Count weight_bytes;        ///< weights resident in the runtime's own layout
    Count disk_bytes;          ///< weights as the runtime writes them
    Count arena_bytes;         ///< planned memory for activations
    std::string schedule;      ///< how a batch is cut: "parts of 4 images, a thread each"; empty if unknown
    Count macs;                ///< multiply-accumulates per image
    /// What `macs` were counted on: "executed graph", or "model's graph" where a runtime does not show what
    /// it executes.
    std::string macs_counted_on = "executed graph";
    /// Share of `macs` executed by each kernel class: "f32", "bf16", "int8", "sparse", ... Sums to 1 where
    /// macs > 0.
    std::map<std::string, double> macs_share;
    /// MACs per image without those by zero weights that kernels really skip.
    Count effective_macs;
    /// True when kernels skip some.
    bool effective_macs_exploited = false;
    std::vector<std::string> kernels;  ///< distinct kernels used, e.g. "gemm_f32/avx512"
    std::vector<std::string> passes;   ///< passes that changed the graph, in order, with their counts
    std::string device = "cpu";
    /// Images that the tactic looked at; none where it does not
    std::optional<CalibrationOrigin> calibration;
    std::vector<std::string> notes;  ///< what did not happen and why, e.g. "convolutions stay f32"
};

/// JSON object with the field names above, units in the keys.
nlohmann::json to_json(const Evidence& evidence);
/// Inverse. Throws Error naming the key that is missing or of the wrong type.
Evidence evidence_from_json(const nlohmann::json& json);

}  // namespace espalier::runtimes
