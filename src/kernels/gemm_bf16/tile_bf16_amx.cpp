#include "kernels/activate_stored.h"
#include "kernels/amx/multiply.h"
#include "kernels/gemm_bf16/tile_bf16.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kElementBytes = 2;

/// The sums of one vector of columns, which are `stride` floats from row to row, become output.
void finish(const TileBF16& t, int rows, int vector, const float* sums, std::int64_t stride) {
    const int column = vector * kBF16Lanes, left = t.columns - column;
    const __mmask16 mask = left < kBF16Lanes ? Avx512::first(left) : Avx512::first(kBF16Lanes);
    const __m512 bias = t.bias ? _mm512_maskz_loadu_ps(mask, t.bias + column) : _mm512_setzero_ps();
    const Clamp<Avx512> clamp(t.activation, t.lo, t.hi);
    const std::int64_t ldc = t.ldc;
    const float* residual = t.residual ? t.residual + column : nullptr;
    float* c = t.c + column;
    for (int i = 0; i < rows; ++i, sums += stride, c += ldc) {
        __m512 value = _mm512_add_ps(_mm512_load_ps(sums), bias);
        if (residual) {
            value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, residual));
            residual += ldc;
        }
        if (clamp.needed) value = clamp(value);
        _mm512_mask_storeu_ps(c, mask, value);
    }
}

}  // namespace

const TileBF16Rows kTileBF16RowsAmx{
    .bytes = [](std::int64_t taps, std::int64_t k,
                int rows) { return amx_rows_bytes(taps, k * kElementBytes, rows); },
    .prepare = [](const TileBF16& t, int rows,
                  void* to) { prepare_amx_rows(t.rows, t.taps, t.k * kElementBytes, rows, to); },
};

void run_tile_bf16_amx(const TileBF16& tile, int rows, int vectors) {
    const auto multiply = [&](const AmxSums& to) {
        multiply_amx<AmxBF16>(*static_cast<const AmxRows*>(tile.prepared),
                              AmxRows::depth(tile.taps, tile.k * kElementBytes), tile.panel, tile.ahead, rows,
                              vectors, to);
    };
    const bool whole = rows % kAmxRows == 0 && tile.columns == vectors * kBF16Lanes;
    if (whole && !tile.bias && !tile.residual && tile.activation == Activation::kNone) {
        return multiply({tile.c, tile.ldc * static_cast<std::int64_t>(sizeof(float))});
    }
    alignas(64) float sums[2 * kAmxRows * 2 * kBF16Lanes];
    multiply({sums, vectors * kAmxRowBytes});
    const std::int64_t stride = std::int64_t{vectors} * kBF16Lanes;
    for (int v = 0; v * kBF16Lanes < tile.columns; ++v) finish(tile, rows, v, sums + v * kBF16Lanes, stride);
    if (Clamp<Avx512>(tile.activation, tile.lo, tile.hi).stored) {
        activate_stored<Avx512>(tile.c, tile.ldc, rows, tile.columns, tile.activation, tile.lo, tile.hi);
    }
}

}  // namespace espalier::kernels
