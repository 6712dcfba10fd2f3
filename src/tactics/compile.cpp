#include "passes/cleanup/cleanup.h"
#include "passes/fuse/fuse.h"
#include "passes/layout/layout.h"
#include "tactics/no_parameter.h"
#include "tactics/tactic.h"

namespace espalier::tactics {

/// Simplifies and fuses the graph without changing what it computes but for rounding.
const Tactic kCompile{
    .name = "compile",
    .parameter = "",
    .summary =
        "fold batch-norm, fuse convolution/linear + bias + activation + residual, fuse attention, skip "
        "unread tokens",
    .phase = Phase::kCompile,
    .canonical = [](std::string_view parameter) { return no_parameter("compile", parameter); },
    .passes =
        [](std::string_view) {
            // Attention is looked for twice: merging takes away the transposes that a single head is known
            // by, and merges those that hide others.
            return std::vector<passes::Pass>{
                {"fuse-attention", passes::fuse_attention},
                {"merge-movements", passes::merge_movements},
                {"fold-pad", passes::fold_pad},
                {"fold-batch-norm", passes::fold_batch_norm},
                {"fold-input", passes::fold_input},
                {"fold-scale", passes::fold_scale},
                {"fuse-attention", passes::fuse_attention},
                {"narrow-tokens", passes::narrow_tokens},
                {"fuse-qkv", passes::fuse_qkv},
                {"fuse-residual", passes::fuse_residual},
                {"fuse-activation", passes::fuse_activation},
            };
        },
};

}  // namespace espalier::tactics
