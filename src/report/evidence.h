#pragma once

#include <optional>
#include <string>

#include "report/view_model.h"

namespace espalier::report {

/// Reads the evidence that a trial stored as JSON; what it does not say stays unknown. Nothing for empty
/// text. Throws Error when the text is no JSON object.
std::optional<Evidence> read_evidence(const std::string& json);

/// Adds what the evidence counts (MACs, parameters, bytes) to the variant's measures, and its ratio to the
/// baseline's evidence; every known metric is unknown, with the reason, where there is no evidence.
void add_evidence_measures(Variant& variant, const std::optional<Evidence>& baseline);

}  // namespace espalier::report
