#pragma once

#include <cstdint>
#include <string>

#include "base/thread_pool.h"
#include "kernels/conv/pointwise.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// A depthwise convolution and the 1x1 convolutions of stride 1 around it, of which one may be missing:
///
///     y = project(depthwise(expand(x)))
///
/// each with its own bias and activation. Both of them make it an inverted residual (Sandler et al. 2018,
/// arXiv 1801.04381), the last alone a depthwise separable convolution (Howard et al. 2017, arXiv
/// 1704.04861).
struct SeparableConv {
    const PointwiseKernel* expand = nullptr;     ///< or null
    const DepthwiseKernel* depthwise = nullptr;  ///< one with strips
    const PointwiseKernel* project = nullptr;    ///< or null
    Epilogue expand_end;                         ///< bias and activation, nothing else, as of the others
    Epilogue depthwise_end;
    Epilogue project_end;

    /// For example "conv_1x1+depthwise_3x3+conv_1x1/avx512".
    std::string name() const;

    /// Whether it is faster than one convolution after the other, on so many threads, for images of h x w
    /// pixels.
    bool pays(std::int64_t h, std::int64_t w, int threads) const;
};

/// Computes y for n >= 1 images of h x w pixels, dense NHWC as everything of conv2d_f32(): the bits of one
/// convolution after the other. `residual` (null for none) is that of the last. Every thread walks down its
/// part of an image with those lines of the values in between that the next strip of y needs, which stay in
/// its level 2 cache. y overlaps neither x nor, unless it is the same, the residual.
void separable_conv_f32(const SeparableConv& conv, std::int64_t n, std::int64_t h, std::int64_t w,
                        const float* x, const float* residual, float* y, ThreadPool& pool);

}  // namespace espalier::kernels
