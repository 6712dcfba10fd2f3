#include "kernels/gemm/gemm_reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace espalier::kernels {

double activate_reference(double x, const Epilogue& epilogue) {
    switch (epilogue.activation) {
        case Activation::kNone:
            return x;
        case Activation::kRelu:
            return std::max(x, 0.0);
        case Activation::kClip:
            return std::min(std::max(x, double{epilogue.lo}), double{epilogue.hi});
        case Activation::kGelu:
            return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
        case Activation::kGeluTanh:
            return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
        case Activation::kSilu:
            return x / (1 + std::exp(-x));
        case Activation::kSigmoid:
            return 1 / (1 + std::exp(-x));
        case Activation::kTanh:
            return std::tanh(x);
        case Activation::kHardSwish:
            return x * std::clamp(x + 3, 0.0, 6.0) / 6;
        case Activation::kHardSigmoid:
            return std::clamp(x + 3, 0.0, 6.0) / 6;
    }
    return x;
}

void gemm_f32_reference(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t lda,
                        const float* weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
                        float* magnitude) {
    for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            double sum = 0, size = 0;
            const auto add = [&](double term) {
                sum += term;
                size += std::abs(term);
            };
            for (std::int64_t p = 0; p < k; ++p) add(double{a[i * lda + p]} * weights[j * k + p]);
            if (epilogue.bias) add(epilogue.bias[j]);
            if (epilogue.residual) add(epilogue.residual[i * ldc + j]);
            c[i * ldc + j] = static_cast<float>(activate_reference(sum, epilogue));
            if (magnitude) magnitude[i * n + j] = static_cast<float>(size);
        }
    }
}

}  // namespace espalier::kernels
