#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// y[n, o, p, q] = activation( sum_{i, r, s} x[n, g*I + i, p*stride + r*dilation - pad, ...] w[o, i, r, s]
///                             + b[o] + residual[n, o, p, q] )
///
/// Inputs: x f32 [N, C, H, W] (or [N, H, W, C] when layout is nhwc), w f32 or bf16 [O, C/groups, R, S]
/// always, optional b f32 [O], optional residual of the output's shape. Padding contributes zeros. With bf16
/// weights x is rounded to bf16 too (nearest, ties to even), and sums are f32.
struct Conv2d {
    static constexpr std::string_view kName = "conv2d";
    Pair stride{1, 1};
    Quad pad{0, 0, 0, 0};  ///< top, left, bottom, right
    Pair dilation{1, 1};
    std::int64_t groups = 1;
    Layout layout = Layout::kNchw;
    Activation activation;

    static constexpr auto fields() {
        return std::tuple{Field{"stride", &Conv2d::stride},     Field{"pad", &Conv2d::pad},
                          Field{"dilation", &Conv2d::dilation}, Field{"groups", &Conv2d::groups},
                          Field{"layout", &Conv2d::layout},     Field{"activation", &Conv2d::activation}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Conv2d&) const = default;
};

/// Conv2d with s8 weights and activations quantized to u8 at run time: kPerImage, one scale and zero point
/// per image; kPerRow, for windows of one pixel without padding and groups, one per pixel. There is no
/// kTorch.
///
/// Inputs: x f32, w s8 [O, C/groups, R, S], scale f32 [O], optional b f32 [O], optional residual.
struct QuantizedConv2d {
    static constexpr std::string_view kName = "quantized_conv2d";
    QuantScheme scheme = QuantScheme::kPerImage;
    Pair stride{1, 1};
    Quad pad{0, 0, 0, 0};
    Pair dilation{1, 1};
    std::int64_t groups = 1;
    Layout layout = Layout::kNchw;
    Activation activation;

    static constexpr auto fields() {
        return std::tuple{Field{"scheme", &QuantizedConv2d::scheme},
                          Field{"stride", &QuantizedConv2d::stride},
                          Field{"pad", &QuantizedConv2d::pad},
                          Field{"dilation", &QuantizedConv2d::dilation},
                          Field{"groups", &QuantizedConv2d::groups},
                          Field{"layout", &QuantizedConv2d::layout},
                          Field{"activation", &QuantizedConv2d::activation}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const QuantizedConv2d&) const = default;
};

/// Whether a convolution with weights [O, C/groups, R, S] is a product over pixels.
bool is_pointwise(const Quad& pad, std::int64_t groups, const Shape& weights);

}  // namespace espalier::graph
