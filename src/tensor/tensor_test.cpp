#include "tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

namespace espalier {
namespace {

TEST(Shape, RefusesNegativeAndHuge) {
    EXPECT_EQ((Shape{2, 3}).elements(), 6);
    EXPECT_EQ(Shape{}.elements(), 1);
    EXPECT_EQ((Shape{4, 0}).elements(), 0);
    const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
    EXPECT_THROW((Shape{-1}), Error);
    EXPECT_THROW((Shape{huge, huge}), Error);
    EXPECT_THROW((Shape{huge, 0, huge}), Error);
    EXPECT_THROW((Shape{std::int64_t{1} << 21, std::int64_t{1} << 21}), Error);
    EXPECT_EQ((Shape{1, 224, 3}).str(), "[1, 224, 3]");
}

TEST(Tensor, ViewsShareAndClonesDoNot) {
    Tensor a = Tensor::allocate(DType::kF32, {2, 2});
    a.mutable_span<float>()[3] = 5;
    const Tensor b = a.reshaped({4});
    Tensor c = a.clone();
    a.mutable_span<float>()[3] = 7;
    EXPECT_EQ(b.span<float>()[3], 7);
    EXPECT_EQ(c.span<float>()[3], 5);
    EXPECT_THROW(a.reshaped({5}), Error);
    EXPECT_THROW(a.span<std::int8_t>(), Error);
    EXPECT_THROW(Tensor::allocate(DType::kF32, {Shape::kMaxElements}), Error);
}

TEST(Tensor, MisalignedViewsAreRepaired) {
    std::array<std::byte, 9> bytes{};
    const float value = 2.5f;
    std::memcpy(bytes.data() + 1, &value, sizeof value);
    const Tensor view = Tensor::view(DType::kF32, {2}, std::span(bytes).subspan(1), nullptr);
    EXPECT_FALSE(view.aligned() && (reinterpret_cast<std::uintptr_t>(bytes.data()) % 4 == 0));
    EXPECT_EQ(view.to_aligned().span<float>()[0], 2.5f);
    EXPECT_THROW(Tensor::view(DType::kF32, {3}, bytes, nullptr), Error);
}

TEST(Tensor, MovesElementsWhenTheyAreRead) {
    // As in a file: nobody writes to them, and they may lie anywhere.
    std::array<std::byte, 6 * sizeof(float) + 1> memory{};
    const std::array<float, 6> values{1, 2, 3, 4, 5, 0};
    std::memcpy(memory.data() + 1, values.data(), sizeof values);
    const auto bytes = std::span<const std::byte>(memory).subspan(1);
    const Tensor matrix = Tensor::view(DType::kF32, {2, 3}, bytes, nullptr);
    const Tensor aligned = matrix.to_aligned(), transposed = matrix.transposed();
    for (const Tensor& tensor : {aligned, transposed, aligned.reshaped({6})}) {
        EXPECT_EQ(tensor.stored().bytes.data(), bytes.data());
        EXPECT_TRUE(tensor.aligned());
        EXPECT_EQ(count_zeros(tensor), 1);
    }
    EXPECT_TRUE(transposed.stored().transposed);
    EXPECT_FALSE(aligned.stored().transposed);
    EXPECT_THAT(aligned.span<float>(), testing::ElementsAre(1, 2, 3, 4, 5, 0));
    EXPECT_THAT(transposed.span<float>(), testing::ElementsAre(1, 4, 2, 5, 3, 0));
    const Tensor flat = transposed.reshaped({6});
    EXPECT_FALSE(flat.stored().transposed) << "a vector has no other order";
    EXPECT_THAT(flat.span<float>(), testing::ElementsAre(1, 4, 2, 5, 3, 0));
    EXPECT_THAT(transposed.transposed().span<float>(), testing::ElementsAre(1, 2, 3, 4, 5, 0));
    EXPECT_THAT(transposed.clone().span<float>(), testing::ElementsAre(1, 4, 2, 5, 3, 0));
    EXPECT_EQ(aligned.span<float>().data(), Tensor(aligned).span<float>().data()) << "once for all copies";
}

TEST(Tensor, MovesAtOnceWhatMayStillChange) {
    Tensor matrix = Tensor::allocate(DType::kI8, {1, 2});
    const Tensor transposed = matrix.transposed();
    matrix.mutable_span<std::int8_t>()[0] = 1;
    EXPECT_THAT(transposed.span<std::int8_t>(), testing::ElementsAre(0, 0));
}

TEST(Tensor, ManyThreadsMayBeTheFirstToRead) {
    const std::vector<std::int32_t> values(10000, 7);
    const Tensor matrix = Tensor::view(DType::kI32, {100, 100}, std::as_bytes(std::span(values)), nullptr);
    const Tensor transposed = matrix.transposed();
    std::array<const std::int32_t*, 4> seen{};
    {
        std::vector<std::jthread> threads;
        for (auto& place : seen)
            threads.emplace_back([&transposed, &place] { place = transposed.span<std::int32_t>().data(); });
    }
    EXPECT_THAT(seen, testing::Each(seen.front()));
    EXPECT_EQ(seen.front()[9999], 7);
}

TEST(Tensor, CountsZerosOfEveryType) {
    const float real[] = {0.0f, -0.0f, 1e-40f, 1.0f};
    EXPECT_EQ(count_zeros(Tensor::of<float>({4}, real)), 2);
    EXPECT_EQ(count_zeros(Tensor::of<float>({4}, real).to_bf16()), 2) << "1e-40 is no zero in bf16 either";
    const std::int8_t codes[] = {0, -1, 0};
    EXPECT_EQ(count_zeros(Tensor::of<std::int8_t>({3}, codes)), 2);
    const std::int64_t wide[] = {0, std::int64_t{1} << 40};
    EXPECT_EQ(count_zeros(Tensor::of<std::int64_t>({2}, wide)), 1);
    EXPECT_EQ(count_zeros(Tensor()), 0);
}

TEST(Tensor, RoundsToTheNearestBfloat16) {
    EXPECT_EQ(f32_to_bf16(3.140625f), 0x4049);
    EXPECT_EQ(f32_to_bf16(1 + 1.0f / 256), 0x3f80) << "a tie, to even";
    EXPECT_EQ(f32_to_bf16(1 + 3.0f / 256), 0x3f82) << "a tie, to even";
    EXPECT_EQ(f32_to_bf16(1 + 1.01f / 256), 0x3f81);
    EXPECT_EQ(f32_to_bf16(-0.0f), 0x8000);
    EXPECT_EQ(f32_to_bf16(3.4e38f), 0x7f80) << "beyond the largest";
    EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::nanf("1")))));
    const std::vector<float> values{1.5f, -2.0f, 0.1f};
    const Tensor rounded = Tensor::of<float>({3}, values).to_bf16();
    EXPECT_EQ(rounded.dtype(), DType::kBF16);
    EXPECT_EQ(rounded.size_bytes(), 6u);
    const Tensor back = rounded.to_f32();
    EXPECT_EQ(back.span<float>()[1], -2.0f);
    EXPECT_NEAR(back.span<float>()[2], 0.1f, 0.1f / 512);
    EXPECT_THROW(rounded.to_bf16(), Error);
}

template <typename T>
void expect_transposed(std::int64_t rows, std::int64_t columns) {
    Tensor matrix = Tensor::allocate(DTypeOf<T>::value, {rows, columns});
    for (std::int64_t i = 0; i < matrix.elements(); ++i)
        matrix.mutable_span<T>()[static_cast<std::size_t>(i)] = static_cast<T>(i);
    const Tensor result = matrix.transposed();
    ASSERT_EQ(result.shape(), (Shape{columns, rows}));
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
            ASSERT_EQ(result.span<T>()[static_cast<std::size_t>(j * rows + i)],
                      matrix.span<T>()[static_cast<std::size_t>(i * columns + j)]);
        }
    }
}

TEST(Tensor, TransposesMatricesOfAnyElement) {
    for (const auto& [rows, columns] : {std::pair{1, 1}, {1, 70}, {33, 65}, {64, 32}, {0, 5}, {5, 0}}) {
        expect_transposed<float>(rows, columns);
        expect_transposed<std::int8_t>(rows, columns);
        expect_transposed<std::int64_t>(rows, columns);
    }
    EXPECT_THROW(Tensor::allocate(DType::kF32, {2, 3, 4}).transposed(), Error);
}

TEST(TensorDeathTest, ElementsThatWereGivenBackCannotBeRead) {
    const Tensor gone = Tensor::without_elements(DType::kF32, {3, 5});
    EXPECT_EQ(gone.shape(), (Shape{3, 5}));
    EXPECT_EQ(gone.size_bytes(), 60u);
    EXPECT_DEATH(
        {
            volatile float value = gone.span<float>()[0];
            (void)value;
        },
        "");
    EXPECT_EQ(Tensor::without_elements(DType::kF32, {0, 5}).elements(), 0);
}

TEST(Tensor, TransposesWhatIsNotAligned) {
    const float values[] = {1, 2, 3, 4, 5, 6};
    std::vector<std::byte> memory(sizeof values + 1);
    std::memcpy(memory.data() + 1, values, sizeof values);
    const Tensor view = Tensor::view(DType::kF32, {2, 3}, {memory.data() + 1, sizeof values}, nullptr);
    const Tensor result = view.transposed();
    EXPECT_EQ(result.span<float>()[1], 4);
    EXPECT_EQ(result.span<float>()[4], 3);
}

TEST(Tensor, HalfPrecisionsConvertExactly) {
    EXPECT_EQ(f16_to_f32(0x3c00), 1.0f);
    EXPECT_EQ(f16_to_f32(0xc000), -2.0f);
    EXPECT_EQ(f16_to_f32(0x0001), std::ldexp(1.0f, -24));
    EXPECT_EQ(f16_to_f32(0x7c00), INFINITY);
    EXPECT_TRUE(std::isnan(f16_to_f32(0x7e00)));
    EXPECT_EQ(f16_to_f32(0x7bff), 65504.0f);
    EXPECT_EQ(bf16_to_f32(0x4049), 3.140625f);
}

}  // namespace
}  // namespace espalier
