#include "models/same_padding.h"

#include <gtest/gtest.h>

namespace espalier::models {
namespace {

using graph::Quad;

TEST(SamePadding, GivesTheOddPixelToTheEnd) {
    EXPECT_EQ(same_padding({1, 3, 224, 224}, 3, 2), (Quad{0, 0, 1, 1}));
    EXPECT_EQ(same_padding({1, 3, 224, 224}, 3, 1), (Quad{1, 1, 1, 1}));
    EXPECT_EQ(same_padding({1, 3, 224, 224}, 5, 2), (Quad{1, 1, 2, 2}));
}

TEST(SamePadding, DependsOnTheExtentOfEachAxis) {
    EXPECT_EQ(same_padding({1, 3, 7, 8}, 3, 2), (Quad{1, 0, 1, 1}));
}

TEST(SamePadding, NeverCutsPixelsOff) { EXPECT_EQ(same_padding({1, 3, 8, 8}, 1, 2), (Quad{0, 0, 0, 0})); }

TEST(SamePadding, LetsCeilOfExtentOverStrideOut) {
    for (std::int64_t extent = 1; extent < 20; ++extent) {
        for (std::int64_t kernel = 1; kernel < 8; ++kernel) {
            for (std::int64_t stride = 1; stride < 4; ++stride) {
                const Quad pad = same_padding({1, 1, extent, extent}, kernel, stride);
                const std::int64_t padded = extent + pad[0] + pad[2];
                EXPECT_EQ((padded - kernel) / stride + 1, (extent + stride - 1) / stride)
                    << extent << " " << kernel << " " << stride;
            }
        }
    }
}

TEST(SamePadding, GrowsWithTheDilation) {
    EXPECT_EQ(same_padding({1, 3, 14, 14}, 3, 1, 2), (Quad{2, 2, 2, 2}));
    EXPECT_EQ(symmetric_padding(3, 2), (Quad{2, 2, 2, 2}));
    EXPECT_EQ(symmetric_padding(5), (Quad{2, 2, 2, 2}));
}

}  // namespace
}  // namespace espalier::models
