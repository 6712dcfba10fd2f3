#include "models/rows.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace espalier::models {
namespace {

/// 0, 1, 2, ...
Tensor counting(const Shape& shape) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    std::iota(tensor.mutable_span<float>().begin(), tensor.mutable_span<float>().end(), 0.0F);
    return tensor;
}

std::vector<float> values(const Tensor& tensor) {
    const Tensor aligned = tensor.to_aligned();
    return {aligned.span<float>().begin(), aligned.span<float>().end()};
}

TEST(Rows, AreAViewThatOutlivesItsTable) {
    Tensor part = rows(counting({2, 2, 3}), 1, 3);
    EXPECT_EQ(part.shape(), (Shape{2, 3}));
    EXPECT_EQ(values(part), (std::vector<float>{3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(rows(part, 2, 2).shape(), (Shape{0, 3}));
}

TEST(Rows, AreStackedOnePartBelowTheOther) {
    const Tensor all = stacked({rows(counting({3, 2}), 2, 3), counting({1, 2, 2})});
    EXPECT_EQ(all.shape(), (Shape{3, 2}));
    EXPECT_EQ(values(all), (std::vector<float>{4, 5, 0, 1, 2, 3}));
}

TEST(Rows, AreAddedInTheShapeOfTheFirst) {
    const Tensor total = sum(counting({1, 1, 2}), rows(counting({2, 2}), 1, 2));
    EXPECT_EQ(total.shape(), (Shape{1, 1, 2}));
    EXPECT_EQ(values(total), (std::vector<float>{2, 4}));
}

}  // namespace
}  // namespace espalier::models
