#include "kernels/attention/attention.h"

#include <algorithm>
#include <vector>

#include "kernels/attention/softmax_table.h"
#include "kernels/gemm/multiply.h"
#include "kernels/gemm/pack_table.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Queries whose scores are held at once: a multiple of every tile height, and for 1,000 keys 192 KiB.
constexpr std::int64_t kQueryBlock = 48;

class Attention {
  public:
    Attention(const AttentionShape& shape, const float* q, const float* k, const float* v, const float* bias,
              float* out, Isa isa)
        : shape_(shape),
          q_(q),
          k_(k),
          v_(v),
          bias_(bias),
          out_(out),
          tiles_(tile_table(isa)),
          softmax_(softmax_table(isa)),
          key_panels_(split_columns(shape.keys, shape.head_dim, tiles_)),
          value_panels_(split_columns(shape.value_dim, shape.keys, tiles_)) {}

    void run(ThreadPool& pool);

  private:
    /// The keys and values of one head, packed in the scratch memory of one thread.
    struct Head {
        std::int64_t index = -1;  ///< image * heads + head
        PanelView keys{};
        PanelView values{};
    };

    void pack(Head& head, std::int64_t index) const;
    void run_block(const Head& head, std::int64_t first, std::int64_t queries) const;

    const AttentionShape& shape_;
    const float* q_;
    const float* k_;
    const float* v_;
    const float* bias_;
    float* out_;
    const TileTable& tiles_;
    const SoftmaxTable& softmax_;
    std::vector<Panel> key_panels_;
    std::vector<Panel> value_panels_;
};

void Attention::run(ThreadPool& pool) {
    const std::int64_t heads = shape_.batch * shape_.heads;
    // Every task packs the keys and values of its head, so heads are split only as far as the threads need
    // it.
    const std::int64_t most_parts = (shape_.queries + kQueryBlock - 1) / kQueryBlock;
    std::int64_t parts = 1;
    if (pool.threads() > 1) parts = std::clamp<std::int64_t>(4 * pool.threads() / heads, 1, most_parts);
    std::vector<Head> packed(static_cast<std::size_t>(pool.threads()));
    pool.parallel_for(heads * parts, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        Head& head = packed[static_cast<std::size_t>(thread)];
        for (std::int64_t task = begin; task < end; ++task) {
            if (head.index != task / parts) pack(head, task / parts);
            const std::int64_t last = part_begin(shape_.queries, parts, task % parts + 1);
            for (std::int64_t first = part_begin(shape_.queries, parts, task % parts); first < last;
                 first += kQueryBlock) {
                run_block(head, first, std::min(kQueryBlock, last - first));
            }
        }
    });
}

void Attention::pack(Head& head, std::int64_t index) const {
    const std::int64_t image = index / shape_.heads, number = index % shape_.heads;
    const std::int64_t key_floats = panel_floats(shape_.keys, shape_.head_dim, tiles_);
    const std::int64_t value_floats = panel_floats(shape_.value_dim, shape_.keys, tiles_);
    float* memory = scratch_floats(Scratch::kLocal, static_cast<std::size_t>(key_floats + value_floats));
    head.index = index;
    head.keys = pack_panels(k_ + image * shape_.k_batch + number * shape_.head_dim, shape_.k_row, true,
                            shape_.scale, shape_.head_dim, key_panels_, tiles_, memory);
    head.values = pack_panels(v_ + image * shape_.v_batch + number * shape_.value_dim, shape_.v_row, false,
                              1.0f, shape_.keys, value_panels_, tiles_, memory + key_floats);
}

void Attention::run_block(const Head& head, std::int64_t first, std::int64_t queries) const {
    const std::int64_t image = head.index / shape_.heads, number = head.index % shape_.heads;
    // An odd number of cache lines per row: rows a multiple of 4 KiB apart would share one set of the cache.
    const std::int64_t row = ((shape_.keys + 15) / 16 | 1) * 16;
    float* scores = scratch_floats(Scratch::kLocalExtra, static_cast<std::size_t>(row * kQueryBlock));
    multiply(head.keys, 0, static_cast<std::int64_t>(key_panels_.size()), queries,
             q_ + image * shape_.q_batch + number * shape_.head_dim + first * shape_.q_row, shape_.q_row,
             scores, row, {});
    float sums[kQueryBlock];
    for (std::int64_t i = 0; i < queries; ++i) {
        const float* bias = bias_ ? bias_ + image % shape_.bias_images * shape_.bias_batch() +
                                        number * shape_.bias_head + (first + i) * shape_.keys
                                  : nullptr;
        sums[i] = softmax_.exponentials(scores + i * row, bias, shape_.keys);
    }
    float* out = out_ + image * shape_.out_batch + number * shape_.value_dim + first * shape_.out_row;
    multiply(head.values, 0, static_cast<std::int64_t>(value_panels_.size()), queries, scores, row, out,
             shape_.out_row, {});
    for (std::int64_t i = 0; i < queries; ++i) {
        softmax_.scale(out + i * shape_.out_row, 1.0f / sums[i], shape_.value_dim);
    }
}

}  // namespace

AttentionShape fused_qkv_attention(std::int64_t batch, std::int64_t tokens, std::int64_t heads,
                                   std::int64_t d, float scale) {
    AttentionShape shape{.batch = batch,
                         .heads = heads,
                         .queries = tokens,
                         .keys = tokens,
                         .head_dim = d,
                         .value_dim = d,
                         .scale = scale};
    shape.q_row = shape.k_row = shape.v_row = 3 * heads * d;
    shape.q_batch = shape.k_batch = shape.v_batch = tokens * shape.q_row;
    shape.out_row = heads * d;
    shape.out_batch = tokens * shape.out_row;
    return shape;
}

void attention_f32(const AttentionShape& shape, const float* q, const float* k, const float* v,
                   const float* bias, float* out, ThreadPool& pool, Isa isa) {
    if (shape.batch <= 0 || shape.heads <= 0 || shape.queries <= 0 || shape.value_dim <= 0 || shape.keys <= 0)
        return;
    Attention(shape, q, k, v, bias, out, isa).run(pool);
}

}  // namespace espalier::kernels
