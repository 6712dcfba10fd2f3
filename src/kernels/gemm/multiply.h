#pragma once

#include <cstdint>

#include "kernels/epilogue.h"
#include "kernels/gemm/panels.h"

namespace espalier::kernels {

/// The part of a product that one thread computes: c[i][j] = activation(a[i] . b[j] + bias[j] +
/// residual[i][j]) for i < rows and the columns of panels [first_panel, last_panel). c, bias and residual
/// point at column 0. `next` is where the thread's next panel probably begins, or null.
void multiply(const PanelView& b, std::int64_t first_panel, std::int64_t last_panel, std::int64_t rows,
              const float* a, std::int64_t lda, float* c, std::int64_t ldc, const Epilogue& epilogue,
              const float* next = nullptr);

}  // namespace espalier::kernels
