#include "passes/quantize/round_rows.h"

#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

namespace espalier::passes {
namespace {

/// The nearest bf16 number, and the one on the other side of the value; both the same where it is one itself.
struct Neighbours {
    std::uint16_t nearest;
    std::uint16_t other;

    explicit Neighbours(float value) : nearest(f32_to_bf16(value)), other(nearest) {
        const float magnitude = std::fabs(bf16_to_f32(nearest)), wanted = std::fabs(value);
        // Magnitudes grow with their bit patterns.
        if (magnitude < wanted) ++other;
        if (magnitude > wanted) --other;
        if (!std::isfinite(bf16_to_f32(other))) other = nearest;
    }
};

/// Indices of a row by falling exponent, kept from row to row.
class ByExponent {
  public:
    const std::vector<std::size_t>& sort(std::span<const float> row) {
        order_.resize(row.size());
        std::array<std::size_t, 257> begin{};
        for (const float value : row) ++begin[place(value) + 1];
        std::partial_sum(begin.begin(), begin.end(), begin.begin());
        for (std::size_t i = 0; i < row.size(); ++i) order_[begin[place(row[i])]++] = i;
        return order_;
    }

  private:
    static std::size_t place(float value) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return 255 - (bits >> 23 & 0xffu);
    }

    std::vector<std::size_t> order_;
};

void round_row(std::span<const float> row, const std::vector<std::size_t>& order, std::byte* to) {
    double sum = 0;
    for (const std::size_t i : order) {
        const Neighbours near(row[i]);
        const auto error = [&](std::uint16_t bits) { return double{row[i]} - double{bf16_to_f32(bits)}; };
        const double first = error(near.nearest), second = error(near.other);
        const bool keep = !(std::fabs(sum + second) < std::fabs(sum + first));
        const std::uint16_t bits = keep ? near.nearest : near.other;
        // Infinite weights and NaN have no error to make good.
        if (std::isfinite(first)) sum += keep ? first : second;
        std::memcpy(to + i * sizeof bits, &bits, sizeof bits);
    }
}

}  // namespace

Tensor round_rows_to_bf16(const Tensor& weights) {
    const Tensor from = weights.to_aligned();
    Tensor result = Tensor::allocate(DType::kBF16, weights.shape());
    const auto values = from.span<float>();
    if (values.empty()) return result;
    const std::size_t columns = values.size() / static_cast<std::size_t>(weights.shape()[0]);
    std::byte* to = result.mutable_bytes().data();
    ByExponent order;
    for (std::size_t begin = 0; begin < values.size(); begin += columns) {
        const auto row = values.subspan(begin, columns);
        round_row(row, order.sort(row), to + begin * size_of(DType::kBF16));
    }
    return result;
}

}  // namespace espalier::passes
