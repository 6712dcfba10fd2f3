#include "kernels/amx/multiply.h"
#include "kernels/gemm_i8/tile_i8_512.h"

namespace espalier::kernels {
namespace {

ESPALIER_INLINE __m512i sums_of(const std::int32_t* sums, int vectors, int i, int vector) {
    return _mm512_load_si512(sums + (i * vectors + vector) * kI8Lanes);
}

template <int V, typename End>
ESPALIER_INLINE void finish(const End& end, int rows, const std::int32_t* sums) {
    const Columns left = end.columns(0), right = end.columns(V - 1);
    for (int i = 0; i < rows; ++i) {
        end.store(left, i, 0, sums_of(sums, V, i, 0));
        if (V > 1) end.store(right, i, 1, sums_of(sums, V, i, 1));
    }
}

void finish_pairs(const CodeEnd& end, int rows, const std::int32_t* sums) {
    const Columns left = end.columns(0), right = end.columns(1);
    int i = 0;
    for (; i + 1 < rows; i += 2) {
        end.store_pair(left, right, i, sums_of(sums, 2, i, 0), sums_of(sums, 2, i, 1),
                       sums_of(sums, 2, i + 1, 0), sums_of(sums, 2, i + 1, 1));
    }
    if (i < rows) {
        end.store(left, i, 0, sums_of(sums, 2, i, 0));
        end.store(right, i, 1, sums_of(sums, 2, i, 1));
    }
}

template <int V>
void finish(const TileI8& t, int rows, std::int32_t* sums) {
    if (t.ends.result && !needs_activation_pass(t.activation)) {
        const CodeEnd end(t);
        if (V == 2 && end.stores_pairs()) return finish_pairs(end, rows, sums);
        return finish<V>(end, rows, sums);
    }
    // A value takes the place of its sum.
    const TileTarget target = needs_activation_pass(t.activation)
                                  ? TileTarget{reinterpret_cast<float*>(sums), V * kI8Lanes, true}
                                  : TileTarget{nullptr, 0, false};
    finish<V>(FloatEnd(t, target), rows, sums);
    if (target.buffered) {
        activate_rows<Avx512>(t, target, rows, [&](std::uint8_t* to, __m512 value, int count) {
            quantize_codes(to, count < kI8Lanes ? Avx512::first(count) : kAllLanes, value, t.ends.result_map);
        });
    }
}

}  // namespace

const TileI8Rows kTileI8RowsAmx{
    .bytes = [](std::int64_t taps, std::int64_t k, int rows) { return amx_rows_bytes(taps, k, rows); },
    .prepare =
        [](const TileI8& t, int rows, void* to) {
            prepare_amx_rows(reinterpret_cast<const void* const*>(t.rows), t.taps, t.k, rows, to);
        },
};

void run_tile_i8_amx(const TileI8& tile, int rows, int vectors) {
    alignas(64) std::int32_t sums[kI8MaxRows * 2 * kI8Lanes];
    multiply_amx<AmxI8>(*static_cast<const AmxRows*>(tile.prepared), AmxRows::depth(tile.taps, tile.k),
                        tile.panel, rows, vectors, sums);
    if (vectors == 1) {
        finish<1>(tile, rows, sums);
    } else {
        finish<2>(tile, rows, sums);
    }
}

}  // namespace espalier::kernels
