#include "kernels/gemm_i8/coded_ends_reference.h"
#include "kernels/gemm_i8/tile_i8.h"

namespace espalier::kernels {
namespace {

std::int32_t accumulate(const TileI8& t, int rows, int width, int i, int j) {
    const std::int64_t k4 = (t.k + 3) / 4 * 4;
    std::int32_t sum = 0;
    for (std::int64_t tap = 0; tap < t.taps; ++tap) {
        const std::uint8_t* a = t.rows[tap * rows + i];
        for (std::int64_t p = 0; p < t.k; ++p) {
            sum += std::int32_t{a[p]} * t.panel[((tap * k4 + p) / 4 * width + j) * 4 + p % 4];
        }
    }
    return sum;
}

}  // namespace

void run_tile_i8_portable(const TileI8& t, int rows, int vectors) {
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < t.columns; ++j) {
            const std::int32_t sum = accumulate(t, rows, vectors * kI8Lanes, i, j);
            const std::int64_t at = i * t.ldc + j;
            const ElementEpilogue epilogue{t.affine[i].scale * t.scales[j],
                                           t.bias ? t.bias[j] : 0.0f,
                                           t.residual ? t.residual + at : nullptr,
                                           t.ends.at(at),
                                           t.activation,
                                           t.lo,
                                           t.hi};
            epilogue.store(static_cast<float>(sum - t.affine[i].zero_point * t.sums[j]), t.c + at);
        }
    }
}

}  // namespace espalier::kernels
