#pragma once

#include "base/thread_pool.h"
#include "kernels/attention/attention.h"
#include "kernels/gemm_bf16/tile_bf16.h"

namespace espalier::kernels {

/// attention_f32() with products of bf16 numbers: what it multiplies, queries, scale * keys, the exponentials
/// of the softmax and values, is rounded to the nearest, ties to even; sums and the softmax are f32. The
/// kernel must multiply bf16 as it is: where it widens, attention_f32() is faster and more exact.
void attention_bf16(const AttentionShape& shape, const float* q, const float* k, const float* v,
                    const float* bias, float* out, ThreadPool& pool, const TileBF16Kernel& kernel);

}  // namespace espalier::kernels
