#include "formats/onnx/extent.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace espalier::formats::onnx {
namespace {

constexpr Extent kBatch{0, 1};

TEST(Extent, ArithmeticHoldsForEveryBatchSize) {
    const Extent a{3, 2}, b{5, -1}, c{4, 0};
    for (const std::int64_t n : {1, 2, 7}) {
        EXPECT_EQ((a + b).at(n), a.at(n) + b.at(n));
        EXPECT_EQ((a - b).at(n), a.at(n) - b.at(n));
        EXPECT_EQ((a * c).at(n), a.at(n) * c.at(n));
    }
    EXPECT_EQ(extent_through(a.at(1), a.at(2)), a);
}

TEST(Extent, DivisionIsExactOrRefused) {
    EXPECT_EQ((kBatch * Extent{12, 0} / Extent{4, 0}), (Extent{0, 3}));
    EXPECT_EQ((kBatch * Extent{12, 0} / kBatch), (Extent{12, 0}));
    EXPECT_EQ((Extent{-7, 0} / Extent{2, 0}), (Extent{-3, 0}));
    EXPECT_THROW((kBatch / Extent{2, 0}), Error);
    EXPECT_THROW((Extent{12, 0} / kBatch), Error);
    EXPECT_THROW((kBatch / Extent{0, 0}), Error);
}

TEST(Extent, WhatIsNotLinearOrOverflowsIsRefused) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    EXPECT_THROW(kBatch * kBatch, Error);
    EXPECT_THROW((Extent{kMost, 0} + Extent{1, 0}), Error);
    EXPECT_THROW((Extent{kMost, 0} * Extent{2, 0}), Error);
    EXPECT_THROW((Extent{kLeast, 0} / Extent{-1, 0}), Error);
    EXPECT_THROW((Extent{0, kMost}.at(2)), Error);
}

TEST(Extent, ReadsAsAFormula) {
    EXPECT_EQ((Extent{5, 0}.str()), "5");
    EXPECT_EQ(kBatch.str(), "N");
    EXPECT_EQ((Extent{-1, 3}.str()), "3*N-1");
}

}  // namespace
}  // namespace espalier::formats::onnx
