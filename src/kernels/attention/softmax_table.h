#pragma once

#include <cstdint>
#include <span>

#include "base/cpu_features.h"

namespace espalier::kernels {

/// The parts of attention between its two products.
struct SoftmaxTable {
    const char* name;
    Isa isa;
    /// row[j] = exp(row[j] + bias[j] - max) for j < n, bias may be null; returns the sum of the row.
    float (*exponentials)(float* row, const float* bias, std::int64_t n);
    /// row[j] *= factor for j < n.
    void (*scale)(float* row, float factor, std::int64_t n);
};

/// All tables, least capable first; those above best_isa() must not be called.
std::span<const SoftmaxTable* const> softmax_tables();

/// The best table that needs nothing beyond `isa`.
const SoftmaxTable& softmax_table(Isa isa);

extern const SoftmaxTable kSoftmaxPortable;
extern const SoftmaxTable kSoftmaxAvx2;
extern const SoftmaxTable kSoftmaxAvx512;

}  // namespace espalier::kernels
