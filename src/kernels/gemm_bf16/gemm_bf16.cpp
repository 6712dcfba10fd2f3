#include "kernels/gemm_bf16/gemm_bf16.h"

#include "kernels/gemm_bf16/drive_bf16.h"

namespace espalier::kernels {

PackedBF16 pack_gemm_bf16(const std::uint16_t* weights, std::int64_t n, std::int64_t k,
                          PackedMemory* memory) {
    return {n, k, PanelsBF16(n, 1, k, memory, [&](std::int64_t j, std::int64_t, std::int64_t p) {
                return weights[j * k + p];
            })};
}

void gemm_bf16(std::int64_t m, const float* a, std::int64_t lda, const PackedBF16& weights, float* c,
               std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, const TileBF16Kernel& kernel) {
    if (m < 1) return;
    drive_rounding_bf16(weights.panels(), kernel, {m, c, ldc, epilogue}, pool,
                        [&](std::int64_t row) { return a + row * lda; });
}

}  // namespace espalier::kernels
