#include "kernels/conv_i8/depthwise_i8.h"

#include <cmath>

#include "kernels/elementwise/unary_reference.h"

namespace espalier::kernels {
namespace {

constexpr DepthwiseI8Kernel kTable[] = {
    {"depthwise_i8/portable", Isa::kPortable, run_depthwise_i8_portable},
#if defined(__x86_64__)
    {"depthwise_i8/avx2", Isa::kAvx2, run_depthwise_i8_avx2},
    {"depthwise_i8/avx512vnni", Isa::kAvx512Vnni, run_depthwise_i8_avx512vnni},
#endif
};

}  // namespace

std::span<const DepthwiseI8Kernel> depthwise_i8_kernels() { return kTable; }

void run_depthwise_i8_portable(const DepthwiseI8& work) { run_depthwise_i8_channels(work, 0); }

void run_depthwise_i8_channels(const DepthwiseI8& d, std::int64_t first) {
    const UnaryOperation activation = operation_of(d.activation, d.lo, d.hi);
    for (std::int64_t q = 0; q < d.pixels; ++q) {
        for (std::int64_t c = first; c < d.channels; ++c) {
            std::int32_t sum = 0;
            for (std::int64_t t = 0; t < d.taps; ++t) {
                sum += std::int32_t{d.rows[t][q * d.step + c]} * d.weights[t * d.channels + c];
            }
            const auto centred = static_cast<float>(sum - d.zero_point * d.sums[c]);
            float value = std::fma(centred, d.scale * d.scales[c], d.bias ? d.bias[c] : 0.0f);
            if (d.residual) value += d.residual[q * d.channels + c];
            d.y[q * d.channels + c] = unary_reference(activation.kind, activation.params, value);
        }
    }
}

}  // namespace espalier::kernels
