#include "kernels/conv/conv2d_reference.h"

#include <cmath>

#include "kernels/gemm/gemm_reference.h"

namespace espalier::kernels {
namespace {

struct Sum {
    double value = 0;
    double magnitude = 0;
    void add(double term) {
        value += term;
        magnitude += std::abs(term);
    }
};

/// The window with its first row and column at (top, left) of one image, against output channel o.
void add_window(const Conv2dShape& shape, const float* weights, std::int64_t h, std::int64_t w,
                const float* image, std::int64_t top, std::int64_t left, std::int64_t o, Sum& sum) {
    const std::int64_t first = o / shape.group_out() * shape.group_in();
    for (std::int64_t i = 0; i < shape.group_in(); ++i) {
        for (std::int64_t r = 0; r < shape.kernel_h; ++r) {
            for (std::int64_t s = 0; s < shape.kernel_w; ++s) {
                const std::int64_t y = top + r * shape.dilation_h, x = left + s * shape.dilation_w;
                if (y < 0 || y >= h || x < 0 || x >= w) continue;
                sum.add(double{image[(y * w + x) * shape.c_in + first + i]} *
                        weights[((o * shape.group_in() + i) * shape.kernel_h + r) * shape.kernel_w + s]);
            }
        }
    }
}

}  // namespace

void conv2d_f32_reference(const Conv2dShape& shape, const float* weights, std::int64_t n, std::int64_t h,
                          std::int64_t w, const float* x, float* y, const Epilogue& epilogue,
                          float* magnitude) {
    const std::int64_t output_h = shape.output_h(h), output_w = shape.output_w(w);
    for (std::int64_t at = 0; at < n * output_h * output_w * shape.c_out; ++at) {
        const std::int64_t o = at % shape.c_out, pixel = at / shape.c_out;
        const std::int64_t column = pixel % output_w, line = pixel / output_w % output_h;
        Sum sum;
        if (epilogue.bias) sum.add(epilogue.bias[o]);
        if (epilogue.residual) sum.add(epilogue.residual[at]);
        add_window(shape, weights, h, w, x + pixel / (output_w * output_h) * h * w * shape.c_in,
                   line * shape.stride_h - shape.pad_top, column * shape.stride_w - shape.pad_left, o, sum);
        y[at] = static_cast<float>(activate_reference(sum.value, epilogue));
        if (magnitude) magnitude[at] = static_cast<float>(sum.magnitude);
    }
}

}  // namespace espalier::kernels
