#include "kernels/conv_i8/depthwise_i8.h"

#include <algorithm>

#include "kernels/gemm_i8/coded_ends_reference.h"

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

std::size_t depthwise_words_bytes(std::int64_t channels, std::int64_t kernel_h, std::int64_t kernel_w) {
    const std::int64_t blocks = (channels + kWordChannels - 1) / kWordChannels;
    return static_cast<std::size_t>(blocks * kernel_w * ((kernel_h + 3) / 4) * kWordChannels * 4);
}

void depthwise_words(const std::int8_t* weights, std::int64_t channels, std::int64_t kernel_h,
                     std::int64_t kernel_w, std::int8_t* words) {
    const std::int64_t groups = (kernel_h + 3) / 4;
    std::fill_n(words, depthwise_words_bytes(channels, kernel_h, kernel_w), std::int8_t{0});
    for (std::int64_t r = 0; r < kernel_h; ++r) {
        for (std::int64_t s = 0; s < kernel_w; ++s) {
            for (std::int64_t c = 0; c < channels; ++c) {
                const std::int64_t word = (c / kWordChannels * kernel_w + s) * groups + r / 4;
                words[(word * kWordChannels + c % kWordChannels) * 4 + r % 4] =
                    weights[(r * kernel_w + s) * channels + c];
            }
        }
    }
}

void run_depthwise_i8_portable(const DepthwiseI8& work) { run_depthwise_i8_channels(work, 0); }

void run_depthwise_i8_channels(const DepthwiseI8& d, std::int64_t first) {
    for (std::int64_t q = 0; q < d.pixels; ++q) {
        for (std::int64_t c = first; c < d.channels; ++c) {
            std::int32_t sum = 0;
            for (std::int64_t r = 0; r < d.kernel_h; ++r) {
                for (std::int64_t s = 0; s < d.kernel_w; ++s) {
                    const std::int64_t column = q * d.stride + s * d.dilation - d.left;
                    const bool inside = column >= 0 && column < d.width;
                    const std::int32_t x = inside ? d.rows[r][column * d.channels + c] : d.zero_point;
                    sum += x * d.weights[(r * d.kernel_w + s) * d.channels + c];
                }
            }
            const std::int64_t at = q * d.channels + c;
            const ElementEpilogue epilogue{d.scale * d.scales[c],
                                           d.bias ? d.bias[c] : 0.0f,
                                           d.residual ? d.residual + at : nullptr,
                                           d.ends.at(at),
                                           d.activation,
                                           d.lo,
                                           d.hi};
            epilogue.store(static_cast<float>(sum - d.zero_point * d.sums[c]), d.y + at);
        }
    }
}

}  // namespace espalier::kernels
