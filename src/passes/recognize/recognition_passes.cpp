#include <array>

#include "passes/recognize/recognize.h"

namespace espalier::passes {

std::span<const Pass> recognition_passes() {
    static const std::array<Pass, 8> kPasses{{{"recognize-bias", recognize_bias},
                                              {"recognize-layer-norm", recognize_layer_norm},
                                              {"recognize-gelu", recognize_gelu},
                                              {"recognize-silu", recognize_silu},
                                              {"recognize-hard-swish", recognize_hard_swish},
                                              {"sink-tokens-first", sink_tokens_first},
                                              {"recognize-heads", recognize_heads},
                                              {"recognize-window-bias", recognize_window_bias}}};
    return kPasses;
}

}  // namespace espalier::passes
