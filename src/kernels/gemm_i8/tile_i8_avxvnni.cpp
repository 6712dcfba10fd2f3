#include "kernels/gemm_i8/tile_i8_vnni256.h"

namespace espalier::kernels {
namespace {

/// vpdpbusd of AVX-VNNI.
struct Vnni {
    ESPALIER_INLINE static __m256i add(__m256i sum, __m256i bytes, __m256i weights) {
        return _mm256_dpbusd_avx_epi32(sum, bytes, weights);
    }
};

}  // namespace

void run_tile_i8_avxvnni(const TileI8& tile, int rows, int vectors) {
    run_tile_i8_bytes<Vnni>(tile, rows, vectors);
}

}  // namespace espalier::kernels
