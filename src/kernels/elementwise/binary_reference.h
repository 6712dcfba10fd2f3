#pragma once

#include <cmath>

#include "kernels/elementwise/binary.h"

namespace espalier::kernels {

/// One element by the equations of Binary.
inline float binary_reference(Binary kind, float a, float b) {
    switch (kind) {
        case Binary::kAdd:
            return a + b;
        case Binary::kSub:
            return a - b;
        case Binary::kMul:
            return a * b;
        case Binary::kDiv:
            return a / b;
        case Binary::kMax:
            return std::isnan(a) || std::isnan(b) ? a + b : a < b ? b : a;
        case Binary::kMin:
            return std::isnan(a) || std::isnan(b) ? a + b : a < b ? a : b;
        case Binary::kPow:
            return std::pow(a, b);
    }
    return a;
}

}  // namespace espalier::kernels
