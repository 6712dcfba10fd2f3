#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {

/// Guarded memory for the row codes of a matrix.
class GuardedRowCodes {
  public:
    GuardedRowCodes(std::int64_t rows, std::int64_t columns)
        : rows_(rows), columns_(columns), codes_(rows * columns, 1), affines_(rows) {}

    RowCodes place() { return {codes_.data(), affines_.data()}; }

    /// Sees that they are those of `floats`, dense, and that nothing around them was written.
    void expect_of(const float* floats, const char* kernel) const {
        ThreadPool pool(1);
        std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows_ * columns_));
        std::vector<Affine> affines(static_cast<std::size_t>(rows_));
        quantize_groups_u8(floats, rows_, columns_, codes.data(), affines.data(), pool);
        EXPECT_TRUE(codes_.intact() && affines_.intact()) << kernel;
        for (std::int64_t r = 0; r < rows_; ++r) {
            ASSERT_EQ(affines_[r], affines[static_cast<std::size_t>(r)]) << kernel << ", row " << r;
        }
        for (std::int64_t i = 0; i < codes_.size(); ++i) {
            ASSERT_EQ(codes_[i], codes[static_cast<std::size_t>(i)]) << kernel << " at " << i;
        }
    }

  private:
    std::int64_t rows_, columns_;
    Guarded<std::uint8_t> codes_;
    Guarded<Affine> affines_;
};

}  // namespace espalier::kernels
