#include "models/position_bias.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"

namespace espalier::models {
namespace {

/// 0, 1, 2, ...
Tensor counted(const Shape& shape) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    const auto values = tensor.mutable_span<float>();
    std::iota(values.begin(), values.end(), 0.0F);
    return tensor;
}

TEST(RelativePositionBias, HasARowPerOffset) {
    // Offsets of rows and columns from -1 to 1: row 3 * (rows + 1) + columns + 1 of the table, two heads.
    const Tensor bias = relative_position_bias(counted({9, 2}), 2);
    ASSERT_EQ(bias.shape(), (Shape{2, 4, 4}));
    const auto values = bias.span<float>();
    EXPECT_EQ(values[0], 8) << "of a token to itself";
    EXPECT_EQ(values[1], 6) << "one column to the left of its partner";
    EXPECT_EQ(values[3], 0) << "from the first to the last token";
    EXPECT_EQ(values[12], 16) << "and back";
    EXPECT_EQ(values[16], 9) << "second head";
}

TEST(MaskedBias, KeepsTokensApartThatTheRollBroughtTogether) {
    const Windows windows{{4, 4}, 2, 1};
    const Tensor bias = masked_bias(counted({1, 4, 4}), windows, -100);
    ASSERT_EQ(bias.shape(), (Shape{4, 1, 4, 4}));
    const auto values = bias.span<float>();
    const auto masked = [&](std::size_t window, std::size_t a, std::size_t b) {
        return values[window * 16 + a * 4 + b] < -50;
    };
    for (std::size_t a = 0; a < 4; ++a) {
        for (std::size_t b = 0; b < 4; ++b) {
            EXPECT_FALSE(masked(0, a, b)) << "inside";
            EXPECT_EQ(masked(1, a, b), a % 2 != b % 2) << "across the right edge";
            EXPECT_EQ(masked(2, a, b), a / 2 != b / 2) << "across the bottom edge";
            EXPECT_EQ(masked(3, a, b), a != b) << "across both";
        }
    }
    EXPECT_EQ(values[5], 5);
}

TEST(DistanceBias, CountsRowsAndColumnsFromTheStridedQuery) {
    const Tensor bias = distance_bias(counted({2, 9}), {2, 2}, {3, 3}, 2);
    ASSERT_EQ(bias.shape(), (Shape{2, 4, 9}));
    const auto values = bias.span<float>();
    EXPECT_EQ(values[8], 8) << "query 0, 0 to key 2, 2";
    EXPECT_EQ(values[3 * 9 + 8], 0) << "query 1, 1 lies on key 2, 2";
    EXPECT_EQ(values[3 * 9 + 1], 7) << "two rows, one column";
    EXPECT_EQ(values[4 * 9], 9) << "second head";
}

TEST(PositionBias, RefusesToFillTheMemory) {
    EXPECT_THROW(relative_position_bias(Tensor::allocate(DType::kF32, {127 * 127, 8}), 64), Error);
    EXPECT_THROW(masked_bias(Tensor::allocate(DType::kF32, {1, 64, 64}), {{2048, 2048}, 8, 4}, -1), Error);
}

}  // namespace
}  // namespace espalier::models
