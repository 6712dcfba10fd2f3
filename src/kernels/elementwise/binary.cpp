#include "kernels/elementwise/binary.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "kernels/dispatch.h"
#include "kernels/elementwise/binary_reference.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

constexpr std::array<std::string_view, kBinaryKinds> kNames = {"add", "sub", "mul", "div",
                                                               "max", "min", "pow"};

constexpr std::int64_t kGrain = 16384;

constexpr BinaryKernel kTable[] = {
    {"binary/portable", Isa::kPortable, run_binary_portable},
#if defined(__x86_64__)
    {"binary/avx2", Isa::kAvx2, run_binary_avx2},
    {"binary/avx512", Isa::kAvx512, run_binary_avx512},
#endif
};

/// One loop of the operation: its extent and how far each operand moves per step.
struct Axis {
    std::int64_t extent;
    std::int64_t a;
    std::int64_t b;
};

/// The loops of the operation, outermost first, with neighbours merged where both operands walk on evenly;
/// whole_rows: but for the last axis.
std::vector<Axis> plan(const Shape& a, const Shape& b, const Shape& y, bool whole_rows) {
    std::vector<Axis> axes;
    std::int64_t stride_a = 1, stride_b = 1;
    for (int k = y.rank() - 1; k >= 0; --k) {
        const int ka = k - (y.rank() - a.rank()), kb = k - (y.rank() - b.rank());
        const std::int64_t extent_a = ka >= 0 ? a[ka] : 1, extent_b = kb >= 0 ? b[kb] : 1;
        const Axis axis{y[k], extent_a == 1 ? 0 : stride_a, extent_b == 1 ? 0 : stride_b};
        stride_a *= extent_a;
        stride_b *= extent_b;
        const bool last = whole_rows && k == y.rank() - 1;
        if (axis.extent == 1 && !last) continue;
        if (!axes.empty() && !(whole_rows && axes.size() == 1) &&
            axis.a == axes.back().a * axes.back().extent && axis.b == axes.back().b * axes.back().extent) {
            axes.back().extent *= axis.extent;
        } else {
            axes.push_back(axis);
        }
    }
    while (axes.size() < 2) axes.push_back({1, 0, 0});
    std::reverse(axes.begin(), axes.end());
    return axes;
}

/// One long row is cut into pieces that the threads share.
void run_single_row(const BinaryKernel& kernel, Binary kind, const Axis& column, const BinaryRows& work,
                    ThreadPool& pool) {
    pool.parallel_for(column.extent, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
        const BinaryRows piece{
            work.a + begin * column.a,  work.b + begin * column.b, work.y + begin, 1, end - begin, 0, 0,
            static_cast<int>(column.a), static_cast<int>(column.b)};
        kernel.function(kind, piece);
    });
}

}  // namespace

void run_binary_portable(Binary kind, const BinaryRows& w) {
    for (std::int64_t r = 0; r < w.rows; ++r) {
        const float* a = w.a + r * w.a_row;
        const float* b = w.b + r * w.b_row;
        float* y = w.y + r * w.columns;
        for (std::int64_t c = 0; c < w.columns; ++c) {
            y[c] = binary_reference(kind, a[c * w.a_column], b[c * w.b_column]);
        }
    }
}

std::string_view name(Binary kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::span<const BinaryKernel> binary_kernels() { return kTable; }

Shape broadcast_shape(const Shape& a, const Shape& b) {
    const int rank = std::max(a.rank(), b.rank());
    std::vector<std::int64_t> extents(static_cast<std::size_t>(rank));
    for (int k = 0; k < rank; ++k) {
        const int ka = k - (rank - a.rank()), kb = k - (rank - b.rank());
        const std::int64_t extent_a = ka >= 0 ? a[ka] : 1, extent_b = kb >= 0 ? b[kb] : 1;
        if (extent_a != extent_b && extent_a != 1 && extent_b != 1) {
            fail("shapes {} and {} do not broadcast: axis {} has {} and {} elements", a.str(), b.str(), k,
                 extent_a, extent_b);
        }
        extents[static_cast<std::size_t>(k)] = extent_a == 1 ? extent_b : extent_a;
    }
    return Shape(std::move(extents));
}

void binary(Binary kind, const float* a, const Shape& shape_a, const float* b, const Shape& shape_b, float* y,
            ThreadPool& pool, Isa limit, RowCodes codes) {
    const Shape shape = broadcast_shape(shape_a, shape_b);
    if (shape.elements() == 0) return;
    const bool coded = codes.codes != nullptr;
    const auto& kernel = select(binary_kernels(), limit);
    const auto axes = plan(shape_a, shape_b, shape, coded);
    const Axis column = axes.back(), row = axes[axes.size() - 2];
    const std::int64_t rows = shape.elements() / column.extent;
    if (rows == 1 && !coded) {
        run_single_row(kernel, kind, column, {a, b, y, 1, 0, 0, 0, 0, 0}, pool);
        return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / column.extent);
    pool.parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
        float* const passing =
            y ? nullptr : scratch_floats(Scratch::kLocal, static_cast<std::size_t>(grain * column.extent));
        while (begin < end) {
            const std::int64_t outer = begin / row.extent, first = begin % row.extent;
            const std::int64_t count = std::min({row.extent - first, end - begin, grain});
            float* const values = y ? y + begin * column.extent : passing;
            BinaryRows work{a + first * row.a,
                            b + first * row.b,
                            values,
                            count,
                            column.extent,
                            row.a,
                            row.b,
                            static_cast<int>(column.a),
                            static_cast<int>(column.b)};
            std::int64_t rest = outer;
            for (std::size_t k = axes.size() - 2; k-- > 0;) {
                work.a += rest % axes[k].extent * axes[k].a;
                work.b += rest % axes[k].extent * axes[k].b;
                rest /= axes[k].extent;
            }
            kernel.function(kind, work);
            if (coded) quantize_rows_u8(values, count, column.extent, codes.at(begin, column.extent), limit);
            begin += count;
        }
    });
}

}  // namespace espalier::kernels
