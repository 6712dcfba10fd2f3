#pragma once

#include <cstdint>

#include "kernels/epilogue.h"
#include "kernels/gemm/panels.h"

namespace espalier::kernels {

/// The part of a product that one thread computes: c[i][j] = activation(a[i] . b[j] + bias[j] +
/// residual[i][j]) for i < rows and the columns of panels [first_panel, last_panel). c, bias and residual
/// point at column 0.
void multiply(const PanelView& b, std::int64_t first_panel, std::int64_t last_panel, std::int64_t rows,
              const float* a, std::int64_t lda, float* c, std::int64_t ldc, const Epilogue& epilogue);

}  // namespace espalier::kernels
