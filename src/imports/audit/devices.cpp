#include <fmt/format.h>

#include <algorithm>

#include "imports/audit/audit.h"
#include "imports/kinds.h"

namespace espalier::imports {
namespace {

struct NoKernels {
    std::string_view part;     ///< of a tactic's name
    std::string_view runtime;  ///< to which it applies
    std::string_view device;
    std::string_view reason;
};

constexpr NoKernels kNoKernels[] = {
    {"dynamic-quantization", "pytorch", "gpu", "torch.ao's dynamic quantization has no CUDA kernels"},
    {"static-quantization", "pytorch", "gpu",
     "torch.ao's static quantization has no CUDA kernels in eager mode"},
};

bool has_part(std::string_view tactic, std::string_view part) {
    for (auto at = tactic.find(part); at != std::string_view::npos; at = tactic.find(part, at + 1)) {
        const auto end = at + part.size();
        const bool begins = at == 0 || tactic[at - 1] == '+';
        if (begins && (end == tactic.size() || tactic[end] == '+' || tactic[end] == ':')) return true;
    }
    return false;
}

}  // namespace

void check_devices(const Measurements& measurements, Artefacts& found) {
    for (const auto& variant : measurements.variants) {
        for (const auto& row : kNoKernels) {
            // A runtime that is not told may be this one.
            const bool applies = variant.runtime == row.runtime || variant.runtime == "unknown";
            if (!applies || variant.device != row.device || !has_part(variant.tactic, row.part)) continue;
            found.push_back(
                {&kind::kCannotRunThere, title(variant),
                 fmt::format("device {}, runtime {}: {}", variant.device, variant.runtime, row.reason)});
        }
    }
}

}  // namespace espalier::imports
