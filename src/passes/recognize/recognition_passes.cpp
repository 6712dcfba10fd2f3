#include <array>

#include "passes/recognize/recognize.h"

namespace espalier::passes {

std::span<const Pass> recognition_passes() {
    static const std::array<Pass, 5> kPasses{{{"recognize-bias", recognize_bias},
                                              {"recognize-layer-norm", recognize_layer_norm},
                                              {"recognize-gelu", recognize_gelu},
                                              {"recognize-silu", recognize_silu},
                                              {"recognize-hard-swish", recognize_hard_swish}}};
    return kPasses;
}

}  // namespace espalier::passes
