#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "base/error.h"
#include "kernels/movement/concat.h"
#include "kernels/movement/gather.h"
#include "kernels/movement/pad.h"
#include "kernels/movement/slice.h"
#include "kernels/movement/transpose.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

using Index = std::vector<std::int64_t>;

Index unravel(const Shape& shape, std::int64_t position) {
    Index index(static_cast<std::size_t>(shape.rank()));
    for (int k = shape.rank() - 1; k >= 0; --k) {
        index[static_cast<std::size_t>(k)] = position % shape[k];
        position /= shape[k];
    }
    return index;
}

std::int64_t ravel(const Shape& shape, const Index& index) {
    std::int64_t position = 0;
    for (int k = 0; k < shape.rank(); ++k)
        position = position * shape[k] + index[static_cast<std::size_t>(k)];
    return position;
}

Shape random_shape(Random& random, std::int64_t rank, std::int64_t largest) {
    std::vector<std::int64_t> extents;
    for (std::int64_t k = 0; k < rank; ++k) extents.push_back(pick(random, 1, largest));
    return Shape(extents);
}

template <typename T>
void check_transpose(const Shape& shape, const std::vector<int>& permutation, ThreadPool& pool) {
    const Shape out = transposed(shape, permutation);
    Guarded<T> x(shape.elements(), 1), y(shape.elements(), 3);
    for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 2654435761u);
    transpose(x.data(), shape, permutation, sizeof(T), y.data(), pool);
    EXPECT_TRUE(y.intact());
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const Index to = unravel(out, i);
        Index from(to.size());
        for (std::size_t k = 0; k < to.size(); ++k) from[static_cast<std::size_t>(permutation[k])] = to[k];
        ASSERT_EQ(y[i], x[ravel(shape, from)]) << shape.str() << " at " << i << ", width " << sizeof(T);
    }
}

TEST(Transpose, RandomShapesAndPermutations) {
    Random random(13);
    ThreadPool pool(2);
    for (int trial = 0; trial < 150; ++trial) {
        const Shape shape = random_shape(random, pick(random, 1, 6), trial % 3 == 0 ? 20 : 6);
        if (shape.elements() > 200000) continue;
        std::vector<int> permutation(static_cast<std::size_t>(shape.rank()));
        std::iota(permutation.begin(), permutation.end(), 0);
        random.shuffle(std::span<int>(permutation));
        switch (trial % 4) {
            case 0:
                check_transpose<std::uint8_t>(shape, permutation, pool);
                break;
            case 1:
                check_transpose<std::uint16_t>(shape, permutation, pool);
                break;
            case 2:
                check_transpose<std::uint32_t>(shape, permutation, pool);
                break;
            default:
                check_transpose<std::uint64_t>(shape, permutation, pool);
        }
    }
}

TEST(Transpose, ShapesOfNetworks) {
    ThreadPool pool(2);
    check_transpose<std::uint32_t>(Shape{2, 3, 32, 33}, {0, 2, 3, 1}, pool);
    check_transpose<std::uint32_t>(Shape{2, 32, 33, 3}, {0, 3, 1, 2}, pool);
    check_transpose<std::uint32_t>(Shape{1, 197, 3, 64}, {0, 2, 1, 3}, pool);
    check_transpose<std::uint32_t>(Shape{2, 3, 64, 197}, {0, 1, 3, 2}, pool);
    check_transpose<std::uint32_t>(Shape{70, 50}, {1, 0}, pool);
    check_transpose<std::uint32_t>(Shape{0, 3}, {1, 0}, pool);
}

TEST(Transpose, RefusesWhatIsNoPermutation) {
    const int repeated[] = {0, 0};
    const int outside[] = {0, 2};
    const int missing[] = {0};
    EXPECT_THROW(transposed(Shape{2, 3}, repeated), Error);
    EXPECT_THROW(transposed(Shape{2, 3}, outside), Error);
    EXPECT_THROW(transposed(Shape{2, 3}, missing), Error);
}

TEST(Slice, RandomStartsAndSteps) {
    Random random(14);
    ThreadPool pool(2);
    for (int trial = 0; trial < 150; ++trial) {
        const Shape shape = random_shape(random, pick(random, 1, 4), 12);
        Index starts, steps, extents;
        for (int k = 0; k < shape.rank(); ++k) {
            const std::int64_t start = pick(random, 0, shape[k] - 1);
            std::int64_t step = pick(random, -3, 3);
            if (step == 0) step = 1;
            const std::int64_t most = (step > 0 ? shape[k] - 1 - start : start) / std::abs(step) + 1;
            starts.push_back(start);
            steps.push_back(step);
            extents.push_back(pick(random, 0, most));
        }
        const Shape out(extents);
        Guarded<std::uint32_t> x(shape.elements()), y(out.elements(), 1);
        for (std::int64_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::uint32_t>(i);
        slice(x.data(), shape, starts, steps, out, 4, y.data(), pool);
        EXPECT_TRUE(y.intact());
        for (std::int64_t i = 0; i < y.size(); ++i) {
            Index index = unravel(out, i);
            for (std::size_t k = 0; k < index.size(); ++k) index[k] = starts[k] + steps[k] * index[k];
            ASSERT_EQ(y[i], ravel(shape, index)) << shape.str() << " to " << out.str();
        }
    }
}

TEST(Slice, RefusesToLeaveTheTensor) {
    ThreadPool pool(1);
    float x[12] = {}, y[12];
    const auto run = [&](std::int64_t start, std::int64_t step, std::int64_t count) {
        slice(x, Shape{12}, Index{start}, Index{step}, Shape{count}, 4, y, pool);
    };
    EXPECT_NO_THROW(run(0, 1, 12));
    EXPECT_THROW(run(1, 1, 12), Error);
    EXPECT_THROW(run(-1, 1, 2), Error);
    EXPECT_THROW(run(0, INT64_MAX, 3), Error);
    EXPECT_THROW(run(3, -2, 3), Error);
    EXPECT_THROW(run(0, 0, 2), Error);
    EXPECT_THROW(run(0, INT64_MIN, 2), Error);
}

TEST(BroadcastTo, RepeatsAxes) {
    ThreadPool pool(2);
    Guarded<float> x(6), y(2 * 3 * 4 * 2, 1);
    for (std::int64_t i = 0; i < 6; ++i) x[i] = static_cast<float>(i);
    broadcast_to(x.data(), Shape{3, 1, 2}, Shape{2, 3, 4, 2}, 4, y.data(), pool);
    EXPECT_TRUE(y.intact());
    for (std::int64_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], static_cast<float>(i / 8 % 3 * 2 + i % 2));
    EXPECT_THROW(broadcast_to(x.data(), Shape{3, 2}, Shape{3, 3}, 4, y.data(), pool), Error);
    EXPECT_THROW(broadcast_to(x.data(), Shape{3, 2}, Shape{2}, 4, y.data(), pool), Error);
}

TEST(Pad, SurroundsWithTheValue) {
    Random random(15);
    ThreadPool pool(2);
    for (int trial = 0; trial < 60; ++trial) {
        const Shape shape = random_shape(random, pick(random, 1, 4), 6);
        Index before, after;
        for (int k = 0; k < shape.rank(); ++k) {
            before.push_back(pick(random, 0, 2));
            after.push_back(pick(random, 0, 2));
        }
        const Shape out = padded(shape, before, after);
        Guarded<float> x(shape.elements()), y(out.elements(), 1);
        fill_normal(x, random);
        const float value = 7;
        pad(x.data(), shape, before, after, &value, 4, y.data(), pool);
        EXPECT_TRUE(y.intact());
        for (std::int64_t i = 0; i < y.size(); ++i) {
            Index index = unravel(out, i);
            bool inside = true;
            for (std::size_t k = 0; k < index.size(); ++k) {
                index[k] -= before[k];
                inside = inside && index[k] >= 0 && index[k] < shape[static_cast<int>(k)];
            }
            ASSERT_EQ(y[i], inside ? x[ravel(shape, index)] : value);
        }
    }
    EXPECT_THROW(padded(Shape{2}, Index{-1}, Index{0}), Error);
}

TEST(Concat, JoinsAlongEveryAxis) {
    ThreadPool pool(2);
    for (int axis = 0; axis < 3; ++axis) {
        const Shape base{2, 3, 4};
        std::vector<Guarded<float>> data;
        std::vector<ConcatInput> inputs;
        for (const std::int64_t extent : {1, 0, 5}) {
            const Shape shape = base.with(axis, extent);
            data.emplace_back(shape.elements());
            for (std::int64_t i = 0; i < shape.elements(); ++i) {
                data.back()[i] = static_cast<float>(100 * extent + i);
            }
            inputs.push_back({nullptr, shape});
        }
        for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i].data = data[i].data();
        const Shape out = concatenated(inputs, axis);
        EXPECT_EQ(out, base.with(axis, 6));
        Guarded<float> y(out.elements(), 1);
        concat(inputs, axis, 4, y.data(), pool);
        EXPECT_TRUE(y.intact());
        for (std::int64_t i = 0; i < y.size(); ++i) {
            Index index = unravel(out, i);
            std::int64_t& along = index[static_cast<std::size_t>(axis)];
            const std::size_t source = along < 1 ? 0 : 2;
            along -= source == 0 ? 0 : 1;
            ASSERT_EQ(y[i], data[source][ravel(inputs[source].shape, index)]) << axis;
        }
    }
    const ConcatInput odd[] = {{nullptr, Shape{2, 3}}, {nullptr, Shape{3, 3}}};
    EXPECT_THROW(concatenated(odd, 1), Error);
    EXPECT_THROW(concatenated({}, 0), Error);
}

TEST(Gather, PicksAndChecksIndices) {
    ThreadPool pool(2);
    Guarded<std::uint32_t> x(24), y(2 * 3 * 4, 1);
    for (std::int64_t i = 0; i < 24; ++i) x[i] = static_cast<std::uint32_t>(i);
    const std::int64_t indices[] = {2, -3, 0};
    gather(x.data(), Shape{2, 3, 4}, 1, indices, 4, y.data(), pool);
    EXPECT_TRUE(y.intact());
    for (std::int64_t i = 0; i < 24; ++i) {
        const std::int64_t picked = i / 4 % 3 == 0 ? 2 : 0;
        ASSERT_EQ(y[i], i / 12 * 12 + picked * 4 + i % 4);
    }
    const std::int64_t outside[] = {3};
    EXPECT_THROW(gather(x.data(), Shape{2, 3, 4}, 1, outside, 4, y.data(), pool), Error);
    EXPECT_THROW(gather(x.data(), Shape{2, 3, 4}, 3, indices, 4, y.data(), pool), Error);
}

}  // namespace
}  // namespace espalier::kernels
