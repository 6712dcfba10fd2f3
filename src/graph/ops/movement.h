#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// The same elements under another shape. In `dims`, 0 keeps the input's extent of that axis and one -1 takes
/// what is left, so that the rule holds for every batch size.
struct Reshape {
    static constexpr std::string_view kName = "reshape";
    Ints dims;

    static constexpr auto fields() { return std::tuple{Field{"dims", &Reshape::dims}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    bool operator==(const Reshape&) const = default;
};

/// Axis i of the output is axis perm[i] of the input.
struct Transpose {
    static constexpr std::string_view kName = "transpose";
    Ints perm;

    static constexpr auto fields() { return std::tuple{Field{"perm", &Transpose::perm}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    bool operator==(const Transpose&) const = default;
};

/// Inputs one behind the other along `axis`; all other extents are equal. One to 1024 inputs.
struct Concat {
    static constexpr std::string_view kName = "concat";
    std::int64_t axis = 0;

    static constexpr auto fields() { return std::tuple{Field{"axis", &Concat::axis}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    bool operator==(const Concat&) const = default;
};

/// Elements begin, begin + step, ... below end of one axis. Negative begin and end count from the end; both
/// are clamped to the extent. step is positive.
struct Slice {
    static constexpr std::string_view kName = "slice";
    std::int64_t axis = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t step = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"axis", &Slice::axis}, Field{"begin", &Slice::begin},
                          Field{"end", &Slice::end}, Field{"step", &Slice::step}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    /// First index and number of elements taken of an axis of the given extent.
    Pair range(std::int64_t extent) const;
    bool operator==(const Slice&) const = default;
};

/// `value` put before and after the elements of each axis.
struct Pad {
    static constexpr std::string_view kName = "pad";
    Ints before;
    Ints after;
    double value = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"before", &Pad::before}, Field{"after", &Pad::after},
                          Field{"value", &Pad::value}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    bool operator==(const Pad&) const = default;
};

/// y[.., i, ..] = x[.., indices[i], ..] along `axis`, with constant indices.
struct Gather {
    static constexpr std::string_view kName = "gather";
    std::int64_t axis = 0;
    Ints indices;

    static constexpr auto fields() {
        return std::tuple{Field{"axis", &Gather::axis}, Field{"indices", &Gather::indices}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes, const TensorType&) const { return {}; }
    bool operator==(const Gather&) const = default;
};

}  // namespace espalier::graph
