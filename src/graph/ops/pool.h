#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// Maximum or mean over a sliding window. Maximum pads with -infinity; the mean divides by the window's size
/// when count_include_pad, else by the number of real elements in it.
///
/// Input: x f32 [N, C, H, W] (or [N, H, W, C] when layout is nhwc); a maximum also of u8, whose padding is 0.
struct Pool2d {
    static constexpr std::string_view kName = "pool2d";
    PoolKind kind = PoolKind::kMax;
    Pair kernel{1, 1};
    Pair stride{1, 1};
    Quad pad{0, 0, 0, 0};
    bool ceil = false;
    bool count_include_pad = false;
    Layout layout = Layout::kNchw;

    static constexpr auto fields() {
        return std::tuple{
            Field{"kind", &Pool2d::kind},     Field{"kernel", &Pool2d::kernel},
            Field{"stride", &Pool2d::stride}, Field{"pad", &Pool2d::pad},
            Field{"ceil", &Pool2d::ceil},     Field{"count_include_pad", &Pool2d::count_include_pad},
            Field{"layout", &Pool2d::layout}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Pool2d&) const = default;
};

/// Mean, sum or maximum over `axes`, which keep an extent of 1 when keep_axes and vanish otherwise.
struct Reduce {
    static constexpr std::string_view kName = "reduce";
    ReduceKind kind = ReduceKind::kMean;
    Ints axes;
    bool keep_axes = true;

    static constexpr auto fields() {
        return std::tuple{Field{"kind", &Reduce::kind}, Field{"axes", &Reduce::axes},
                          Field{"keep_axes", &Reduce::keep_axes}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Reduce&) const = default;
};

}  // namespace espalier::graph
