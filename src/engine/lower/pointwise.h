#pragma once

#include "graph/fields.h"
#include "kernels/elementwise/unary.h"

namespace espalier::engine {

/// A pointwise function as its kernel names it.
struct UnaryFunction {
    kernels::Unary kind;
    kernels::UnaryParams params;
};

UnaryFunction unary_function(graph::UnaryKind kind, double lo, double hi);

}  // namespace espalier::engine
