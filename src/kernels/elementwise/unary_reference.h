#pragma once

#include <cmath>

#include "kernels/elementwise/unary.h"

namespace espalier::kernels {

/// One element by the equations of Unary, with the C library's functions.
inline float unary_reference(Unary kind, UnaryParams p, float x) {
    switch (kind) {
        case Unary::kIdentity:
            return x;
        case Unary::kRelu:
            return x < 0 ? 0 : x;
        case Unary::kClip:
            return x < p.alpha ? p.alpha : x > p.beta ? p.beta : x;
        case Unary::kLeakyRelu:
            return x >= 0 ? x : p.alpha * x;
        case Unary::kElu:
            return x >= 0 ? x : p.alpha * std::expm1(x);
        case Unary::kGelu:
            return 0.5f * x * (1 + std::erf(x * 0.70710678f));
        case Unary::kGeluTanh:
            return 0.5f * x * (1 + std::tanh(0.79788456f * (x + 0.044715f * x * x * x)));
        case Unary::kSilu:
            return x / (1 + std::exp(-x));
        case Unary::kSigmoid:
            return 1 / (1 + std::exp(-x));
        case Unary::kTanh:
            return std::tanh(x);
        case Unary::kHardSigmoid: {
            const float line = p.alpha * x + p.beta;
            return line < 0 ? 0 : line > 1 ? 1 : line;
        }
        case Unary::kHardSwish: {
            const float line = x * (1 / 6.0f) + 0.5f;
            return x * (line < 0 ? 0 : line > 1 ? 1 : line);
        }
        case Unary::kSoftplus:
            return (x > 0 ? x : x * 0) + std::log1p(std::exp(-std::fabs(x)));
        case Unary::kExp:
            return std::exp(x);
        case Unary::kLog:
            return std::log(x);
        case Unary::kSqrt:
            return std::sqrt(x);
        case Unary::kErf:
            return std::erf(x);
        case Unary::kNeg:
            return -x;
        case Unary::kAbs:
            return std::fabs(x);
        case Unary::kReciprocal:
            return 1 / x;
        case Unary::kSquare:
            return x * x;
        case Unary::kFloor:
            return std::floor(x);
        case Unary::kCeil:
            return std::ceil(x);
        case Unary::kRound:
            return std::nearbyint(x);
        case Unary::kSign:
            return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
    }
    return x;
}

}  // namespace espalier::kernels
