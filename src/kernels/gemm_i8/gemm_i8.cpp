#include "kernels/gemm_i8/gemm_i8.h"

#include <vector>

#include "kernels/amx/tiles.h"
#include "kernels/dispatch.h"
#include "kernels/gemm_i8/drive_i8.h"

namespace espalier::kernels {
namespace {

std::vector<TileI8Kernel> kernels_here() {
    std::vector<TileI8Kernel> kernels{{"i8/portable", Isa::kPortable, 4, run_tile_i8_portable}};
#if defined(__x86_64__)
    kernels.push_back({"i8/avx2", Isa::kAvx2, 6, run_tile_i8_avx2, &kTileI8RowsAvx2});
    if (has_avx_vnni()) kernels.push_back({"i8/avxvnni", Isa::kAvx2, 6, run_tile_i8_avxvnni});
    kernels.push_back({"i8/avx512vnni", Isa::kAvx512Vnni, 14, run_tile_i8_avx512vnni});
    kernels.push_back({"i8/amx", Isa::kAmx, kI8MaxRows, run_tile_i8_amx, &kTileI8RowsAmx, kAmxRows});
#endif
    return kernels;
}

}  // namespace

std::span<const TileI8Kernel> tile_i8_kernels() {
    static const std::vector<TileI8Kernel> kernels = kernels_here();
    return kernels;
}

const char* kernel_name_i8(Isa limit) { return select(tile_i8_kernels(), limit).name; }

PackedI8 pack_gemm_i8(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                      std::span<const float> scales, PackedMemory* memory) {
    return {n, k, PanelsI8(n, 1, k, scales, memory, [&](std::int64_t j, std::int64_t, std::int64_t p) {
                return weights[j * k + p];
            })};
}

void gemm_u8s8(std::int64_t m, const std::uint8_t* a, std::int64_t lda, const RowAffines& affines,
               const PackedI8& weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
               ThreadPool& pool, Isa limit, const CodedEnds& ends) {
    if (m < 1) return;
    drive_i8(weights.panels(), select(tile_i8_kernels(), limit), {m, c, ldc, epilogue, ends},
             affines.rows_per_value >= m, pool,
             [&](std::int64_t first, std::int64_t count, const std::uint8_t** pointers, Affine* row_affines) {
                 for (std::int64_t i = 0; i < count; ++i) {
                     pointers[i] = a + (first + i) * lda;
                     row_affines[i] = affines.values[(first + i) / affines.rows_per_value];
                 }
             });
}

}  // namespace espalier::kernels
