#pragma once

#include "engine/lower/lower.h"

namespace espalier::engine {

/// The operator for a layer whose weights are bf16: activations are rounded as they arrive, sums are f32.
OperatorPtr lower_bf16(const Lowering& lowering, const graph::Linear& op);
OperatorPtr lower_bf16(const Lowering& lowering, const graph::Conv2d& op);

}  // namespace espalier::engine
