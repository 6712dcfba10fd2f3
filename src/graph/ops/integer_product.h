#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// A convolution of codes, summed exactly in integers; pixels of the padding count as the zero point:
/// y[n, o, p, q] = activation( scale[o] sum_{i, r, s} (x[n, g*I + i, p*stride + r*dilation - pad, ..] -
/// zero_point)
///                             w[o, i, r, s] + b[o] + residual[n, o, p, q] )
///
/// Inputs: x u8 or s8 [N, C, H, W] (or [N, H, W, C] when layout is nhwc), w s8 [O, C/groups, R, S], scale f32
/// [O], optional b f32 [O], optional residual of the output's shape, f32 or, where `residual_codes` is
/// present, its codes. The output is f32 or, where `output_codes` is present, its codes: round_half_even(y /
/// scale) + zero_point, saturated.
struct IntegerConv2d {
    static constexpr std::string_view kName = "integer_conv2d";
    Pair stride{1, 1};
    Quad pad{0, 0, 0, 0};
    Pair dilation{1, 1};
    std::int64_t groups = 1;
    std::int64_t zero_point = 0;
    Layout layout = Layout::kNchw;
    Activation activation;
    Codes residual_codes;
    Codes output_codes;

    static constexpr auto fields() {
        return std::tuple{Field{"stride", &IntegerConv2d::stride},
                          Field{"pad", &IntegerConv2d::pad},
                          Field{"dilation", &IntegerConv2d::dilation},
                          Field{"groups", &IntegerConv2d::groups},
                          Field{"zero_point", &IntegerConv2d::zero_point},
                          Field{"layout", &IntegerConv2d::layout},
                          Field{"activation", &IntegerConv2d::activation},
                          Field{"residual_codes", &IntegerConv2d::residual_codes},
                          Field{"output_codes", &IntegerConv2d::output_codes}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const IntegerConv2d&) const = default;
};

/// A product of codes, summed exactly in integers:
/// y[..., n] = activation( scale[n] sum_k (x[..., k] - zero_point) w[n, k] + b[n] + residual[..., n] )
///
/// Inputs: x u8 or s8 [..., K] of rank 2 or more, w s8 [N, K], scale f32 [N], optional b f32 [N], optional
/// residual of the output's shape, f32 or, where `residual_codes` is present, its codes. The output is f32
/// or, where `output_codes` is present, its codes: round_half_even(y / scale) + zero_point, saturated.
struct IntegerLinear {
    static constexpr std::string_view kName = "integer_linear";
    std::int64_t zero_point = 0;
    Activation activation;
    Codes residual_codes;
    Codes output_codes;

    static constexpr auto fields() {
        return std::tuple{Field{"zero_point", &IntegerLinear::zero_point},
                          Field{"activation", &IntegerLinear::activation},
                          Field{"residual_codes", &IntegerLinear::residual_codes},
                          Field{"output_codes", &IntegerLinear::output_codes}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const IntegerLinear&) const = default;
};

}  // namespace espalier::graph
