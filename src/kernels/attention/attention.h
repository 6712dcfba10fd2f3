#pragma once

#include <cstdint>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

namespace espalier::kernels {

/// Multi-head attention over tokens [N][T][..], the heads side by side within a row.
/// Strides are in floats, so q, k and v may be columns of one fused [N][T][3 * H * d] tensor.
struct AttentionShape {
    std::int64_t batch = 1;
    std::int64_t heads = 1;
    std::int64_t queries = 1;  ///< rows of q and of the output, per image
    std::int64_t keys = 1;     ///< rows of k and v, per image
    std::int64_t head_dim = 1;
    std::int64_t value_dim = 1;
    float scale = 1.0f;
    std::int64_t q_row = 0,
                 q_batch = 0;  ///< floats from one token to the next, and from one image to the next
    std::int64_t k_row = 0, k_batch = 0;
    std::int64_t v_row = 0, v_batch = 0;
    std::int64_t out_row = 0, out_batch = 0;
    /// The optional bias [bias_images][H][queries][keys]: image b takes number b mod bias_images, as the
    /// windows of an image do that lie one behind the other. bias_head is the stride of H; 0 repeats it over
    /// the heads.
    std::int64_t bias_images = 1, bias_head = 0;

    /// Floats from the rows of one head's queries to those of the next image.
    std::int64_t bias_batch() const { return (bias_head > 0 ? heads : 1) * queries * keys; }
};

/// The usual case: head_dim = value_dim = d; q, k and v are the three parts of a fused [N][T][3 * H * d]
/// tensor and the output is [N][T][H * d].
AttentionShape fused_qkv_attention(std::int64_t batch, std::int64_t tokens, std::int64_t heads,
                                   std::int64_t d, float scale);

/// out[b][i][h * value_dim + e] = sum over j of p[i][j] * v[b][j][h * value_dim + e]
/// p[i][.] = softmax over j of (scale * sum over e of q[b][i][h * head_dim + e] * k[b][j][h * head_dim + e]
///                              + bias[b mod bias_images][h][i][j])
/// bias may be null; a row of bias that is -infinity everywhere gives NaN, as in PyTorch. The rows of scores
/// live in scratch memory of a few tiles, never T x T. out must not overlap q, k, v or bias. Source: Vaswani
/// et al. 2017, section 3.2.
void attention_f32(const AttentionShape& shape, const float* q, const float* k, const float* v,
                   const float* bias, float* out, ThreadPool& pool, Isa isa = best_isa());

}  // namespace espalier::kernels
