#include "kernels/elementwise/binary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/elementwise/binary_reference.h"
#include "kernels/testing/guarded.h"
#include "kernels/testing/row_codes.h"

namespace espalier::kernels {
namespace {

/// Offset of row-major position `index` of `shape` in an operand that broadcasts to it.
std::int64_t operand_offset(const Shape& shape, const Shape& operand, std::int64_t index) {
    std::int64_t offset = 0, stride = 1;
    for (int k = shape.rank() - 1; k >= 0; --k) {
        const std::int64_t i = index % shape[k];
        index /= shape[k];
        const int own = k - (shape.rank() - operand.rank());
        if (own < 0) continue;
        if (operand[own] != 1) offset += i * stride;
        stride *= operand[own];
    }
    return offset;
}

void expect_matches(Binary kind, const Shape& sa, const Shape& sb, Isa isa, ThreadPool& pool,
                    Random& random) {
    const Shape shape = broadcast_shape(sa, sb);
    Guarded<float> a(sa.elements(), pick(random, 0, 15)), b(sb.elements(), pick(random, 0, 15));
    Guarded<float> y(shape.elements(), pick(random, 0, 15));
    fill_normal(a, random);
    fill_normal(b, random);
    for (std::int64_t i = 0; i < a.size() && kind == Binary::kPow; ++i) a[i] = std::fabs(a[i]) + 0.1f;
    binary(kind, a.data(), sa, b.data(), sb, y.data(), pool, isa);
    EXPECT_TRUE(y.intact());
    for (std::int64_t i = 0; i < shape.elements(); ++i) {
        const float expected =
            binary_reference(kind, a[operand_offset(shape, sa, i)], b[operand_offset(shape, sb, i)]);
        ASSERT_EQ(y[i], expected) << name(kind) << " " << sa.str() << " " << sb.str() << " " << name(isa)
                                  << " at " << i;
    }
    if (shape.rank() == 0 || shape.elements() == 0) return;
    const std::int64_t rows = shape.elements() / shape.back();
    GuardedRowCodes alone(rows, shape.back()), both(rows, shape.back());
    binary(kind, a.data(), sa, b.data(), sb, nullptr, pool, isa, alone.place());
    binary(kind, a.data(), sa, b.data(), sb, y.data(), pool, isa, both.place());
    alone.expect_of(y.data(), name(kind).data());
    both.expect_of(y.data(), name(kind).data());
}

TEST(Binary, BroadcastsRandomShapes) {
    Random random(3);
    ThreadPool pool(2);
    for (const BinaryKernel& kernel : binary_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 120; ++trial) {
            std::vector<std::int64_t> a, b;
            const std::int64_t rank = pick(random, 0, 5);
            for (std::int64_t k = 0; k < rank; ++k) {
                const std::int64_t extent = pick(random, 1, k + 1 == rank ? 37 : 5);
                a.push_back(random.below(3) == 0 ? 1 : extent);
                b.push_back(random.below(3) == 0 ? 1 : extent);
            }
            if (rank > 1 && random.below(3) == 0) b.erase(b.begin());
            const auto kind = static_cast<Binary>(random.below(kBinaryKinds));
            expect_matches(kind, Shape(a), Shape(b), kernel.isa, pool, random);
        }
    }
}

TEST(Binary, CoversTheShapesOfNetworks) {
    Random random(4);
    ThreadPool pool(2);
    const std::pair<Shape, Shape> cases[] = {
        {{2, 197, 192}, {2, 197, 192}}, {{2, 7, 9, 24}, {24}}, {{2, 7, 9, 24}, {2, 1, 1, 24}},
        {{3, 50, 33}, {3, 50, 1}},      {{40000}, {}},         {{}, {40000}},
        {{2, 64, 5, 5}, {64, 1, 1}},    {{1, 9}, {7, 1}},      {{0, 3}, {3}}};
    for (const auto& [a, b] : cases) {
        expect_matches(Binary::kMul, a, b, best_isa(), pool, random);
        expect_matches(Binary::kSub, b, a, best_isa(), pool, random);
    }
}

TEST(Binary, MaximumKeepsNan) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    ThreadPool pool(1);
    for (const BinaryKernel& kernel : binary_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const Binary kind : {Binary::kMax, Binary::kMin}) {
            const std::vector<float> a(20, nan), b(20, 1.0f);
            std::vector<float> y(20);
            binary(kind, a.data(), Shape{20}, b.data(), Shape{20}, y.data(), pool, kernel.isa);
            EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[19])) << kernel.name;
            binary(kind, b.data(), Shape{20}, a.data(), Shape{20}, y.data(), pool, kernel.isa);
            EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[19])) << kernel.name;
        }
    }
}

TEST(Binary, NamesBothShapesThatDoNotFit) {
    try {
        broadcast_shape(Shape{2, 3}, Shape{4, 3});
        FAIL() << "expected an Error";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("[2, 3] and [4, 3]"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace espalier::kernels
