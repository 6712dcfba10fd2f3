#include "models/resize_bilinear.h"

#include <gtest/gtest.h>

#include <vector>

namespace espalier::models {
namespace {

std::vector<float> values(const Tensor& tensor) {
    const Tensor aligned = tensor.to_aligned();
    const auto span = aligned.span<float>();
    return {span.begin(), span.end()};
}

TEST(BilinearWeights, TakeTheSharesOfBothNeighbours) {
    EXPECT_EQ(values(bilinear_weights(2, 4)), (std::vector<float>{1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1}));
    EXPECT_EQ(values(bilinear_weights(4, 2)), (std::vector<float>{0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5}));
}

TEST(BilinearWeights, KeepAnAxisOfTheSameExtent) {
    EXPECT_EQ(values(bilinear_weights(2, 2)), (std::vector<float>{1, 0, 0, 1}));
}

TEST(BilinearWeights, RepeatASingleInput) {
    EXPECT_EQ(values(bilinear_weights(1, 3)), (std::vector<float>{1, 1, 1}));
}

TEST(BilinearWeights, AddUpToOne) {
    for (std::int64_t in = 1; in < 9; ++in) {
        for (std::int64_t out = 1; out < 9; ++out) {
            const auto weights = values(bilinear_weights(in, out));
            for (std::int64_t o = 0; o < out; ++o) {
                float sum = 0;
                for (std::int64_t i = 0; i < in; ++i) sum += weights[static_cast<std::size_t>(o * in + i)];
                EXPECT_NEAR(sum, 1, 2e-7) << in << " " << out;
            }
        }
    }
}

}  // namespace
}  // namespace espalier::models
