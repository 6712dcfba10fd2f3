#include "kernels/conv/conv2d_reference.h"

#include <cmath>

#include "kernels/gemm/gemm_reference.h"

namespace espalier::kernels {
namespace {

void add(Conv2dSum& sum, double term) {
    sum.value += term;
    sum.magnitude += std::abs(term);
}

/// The window with its first row and column at (top, left) of one image, against output channel o.
void add_window(const Conv2dShape& shape, const float* weights, std::int64_t h, std::int64_t w,
                const float* image, std::int64_t top, std::int64_t left, std::int64_t o, Conv2dSum& sum) {
    const std::int64_t first = o / shape.group_out() * shape.group_in();
    for (std::int64_t i = 0; i < shape.group_in(); ++i) {
        for (std::int64_t r = 0; r < shape.kernel_h; ++r) {
            for (std::int64_t s = 0; s < shape.kernel_w; ++s) {
                const std::int64_t y = top + r * shape.dilation_h, x = left + s * shape.dilation_w;
                if (y < 0 || y >= h || x < 0 || x >= w) continue;
                add(sum, double{image[(y * w + x) * shape.c_in + first + i]} *
                             weights[((o * shape.group_in() + i) * shape.kernel_h + r) * shape.kernel_w + s]);
            }
        }
    }
}

}  // namespace

Conv2dSum conv2d_f32_reference_at(const Conv2dShape& shape, const float* weights, std::int64_t h,
                                  std::int64_t w, const float* x, std::int64_t at, const Epilogue& epilogue) {
    const std::int64_t output_h = shape.output_h(h), output_w = shape.output_w(w);
    const std::int64_t o = at % shape.c_out, pixel = at / shape.c_out;
    const std::int64_t column = pixel % output_w, line = pixel / output_w % output_h;
    Conv2dSum sum;
    if (epilogue.bias) add(sum, epilogue.bias[o]);
    if (epilogue.residual) add(sum, epilogue.residual[at]);
    add_window(shape, weights, h, w, x + pixel / (output_w * output_h) * h * w * shape.c_in,
               line * shape.stride_h - shape.pad_top, column * shape.stride_w - shape.pad_left, o, sum);
    return sum;
}

void conv2d_f32_reference(const Conv2dShape& shape, const float* weights, std::int64_t n, std::int64_t h,
                          std::int64_t w, const float* x, float* y, const Epilogue& epilogue,
                          float* magnitude) {
    for (std::int64_t at = 0; at < n * shape.output_h(h) * shape.output_w(w) * shape.c_out; ++at) {
        const Conv2dSum sum = conv2d_f32_reference_at(shape, weights, h, w, x, at, epilogue);
        y[at] = static_cast<float>(activate_reference(sum.value, epilogue));
        if (magnitude) magnitude[at] = static_cast<float>(sum.magnitude);
    }
}

}  // namespace espalier::kernels
