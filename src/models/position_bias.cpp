#include "models/position_bias.h"

#include <cstdlib>

#include "base/error.h"

namespace espalier::models {

using graph::Ints;

namespace {

/// Elements of the largest bias that is accepted, 256 MiB: twice what the largest published Swin needs, which
/// has windows of 24 x 24 in 16 places with 6 heads.
constexpr std::int64_t kMostBias = std::int64_t{1} << 26;

void check_size(const Shape& shape) {
    if (shape.elements() > kMostBias) {
        fail("the attention bias of shape {} has more than {} elements: the windows are too large",
             shape.str(), kMostBias);
    }
}

/// Which of the three parts of a rolled axis a position lies in: apart from the last window, before the seam
/// of the roll, behind it.
std::int64_t part(std::int64_t position, std::int64_t extent, const Windows& windows) {
    if (position < extent - windows.edge) return 0;
    return position < extent - windows.shift ? 1 : 2;
}

/// The region of each place of each window; only tokens of one region attend to each other.
Ints regions(const Windows& windows) {
    Ints result;
    for (std::int64_t window = 0; window < windows.count(); ++window) {
        for (std::int64_t place = 0; place < windows.tokens(); ++place) {
            const std::int64_t row = window / windows.columns() * windows.edge + place / windows.edge;
            const std::int64_t column = window % windows.columns() * windows.edge + place % windows.edge;
            result.push_back(3 * part(row, windows.rows() * windows.edge, windows) +
                             part(column, windows.columns() * windows.edge, windows));
        }
    }
    return result;
}

}  // namespace

Tensor relative_position_bias(const Tensor& table, std::int64_t edge) {
    const std::int64_t heads = table.shape()[1];
    const std::int64_t tokens = edge * edge;
    const Shape shape{heads, tokens, tokens};
    check_size(shape);
    Tensor bias = Tensor::allocate(DType::kF32, shape);
    const Tensor aligned = table.to_aligned();
    const auto from = aligned.span<float>();
    auto to = bias.mutable_span<float>().begin();
    for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t a = 0; a < tokens; ++a) {
            for (std::int64_t b = 0; b < tokens; ++b) {
                const std::int64_t rows = a / edge - b / edge + edge - 1;
                const std::int64_t columns = a % edge - b % edge + edge - 1;
                *to++ = from[static_cast<std::size_t>((rows * (2 * edge - 1) + columns) * heads + head)];
            }
        }
    }
    return bias;
}

Tensor masked_bias(const Tensor& bias, const Windows& windows, float masked) {
    const Shape& one = bias.shape();
    const Shape shape{windows.count(), one[0], one[1], one[2]};
    check_size(shape);
    Tensor result = Tensor::allocate(DType::kF32, shape);
    const auto from = bias.span<float>();
    const Ints region = regions(windows);
    const auto tokens = static_cast<std::size_t>(windows.tokens());
    auto to = result.mutable_span<float>().begin();
    for (std::size_t window = 0; window < region.size(); window += tokens) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            const std::size_t a = window + i / tokens % tokens;
            const std::size_t b = window + i % tokens;
            *to++ = from[i] + (region[a] == region[b] ? 0.0f : masked);
        }
    }
    return result;
}

Tensor distance_bias(const Tensor& biases, const Grid& queries, const Grid& keys, std::int64_t stride) {
    const std::int64_t heads = biases.shape()[0];
    const Shape shape{heads, queries.tokens(), keys.tokens()};
    check_size(shape);
    Tensor bias = Tensor::allocate(DType::kF32, shape);
    const Tensor aligned = biases.to_aligned();
    const auto from = aligned.span<float>();
    auto to = bias.mutable_span<float>().begin();
    for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t query = 0; query < queries.tokens(); ++query) {
            for (std::int64_t key = 0; key < keys.tokens(); ++key) {
                const std::int64_t rows = std::abs(query / queries.width * stride - key / keys.width);
                const std::int64_t columns = std::abs(query % queries.width * stride - key % keys.width);
                *to++ = from[static_cast<std::size_t>(head * keys.tokens() + rows * keys.width + columns)];
            }
        }
    }
    return bias;
}

}  // namespace espalier::models
