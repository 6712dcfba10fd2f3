#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/amx/tiles.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/softmax_table.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"

namespace espalier::kernels {

/// The operands of one call.
struct AttentionOperands {
    const float* q;
    const float* k;
    const float* v;
    const float* bias;
    float* out;
};

/// Attention over its two products. `Products` offers
///
///   Head                             the keys and values of one head, packed for one thread
///   isa()                            what its tiles need
///   query_block()                    queries whose scores are held at once
///   pack(k, v)                       a Head, in memory of this thread that lives until the next
///   scores(head, q, n, to, row)      to[i][j] = scale * q_i k_j for i < n queries; q at the columns of the
///   head values(head, p, row, n, out)     out[i][e] = sum over j of p[i][j] v_j[e]; p may be overwritten
template <class Products>
class AttentionDrive {
  public:
    AttentionDrive(const AttentionShape& shape, const AttentionOperands& operands, const Products& products,
                   const SoftmaxTable& softmax)
        : shape_(shape), operands_(operands), products_(products), softmax_(softmax) {}

    void run(ThreadPool& pool) const {
        const std::int64_t heads = shape_.batch * shape_.heads, block = products_.query_block();
        // Every task packs the keys and values of its head, so heads are split only as far as the threads
        // need it.
        const std::int64_t most_parts = (shape_.queries + block - 1) / block;
        std::int64_t parts = 1;
        if (pool.threads() > 1) parts = std::clamp<std::int64_t>(4 * pool.threads() / heads, 1, most_parts);
        std::vector<Packed> packed(static_cast<std::size_t>(pool.threads()));
        pool.parallel_for(heads * parts, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
            const AmxSession session(products_.isa());
            Packed& own = packed[static_cast<std::size_t>(thread)];
            for (std::int64_t task = begin; task < end; ++task) {
                if (own.index != task / parts) pack(own, task / parts);
                const std::int64_t last = part_begin(shape_.queries, parts, task % parts + 1);
                for (std::int64_t first = part_begin(shape_.queries, parts, task % parts); first < last;
                     first += block) {
                    run_block(own, first, std::min(block, last - first));
                }
            }
        });
    }

  private:
    /// The head that a thread has packed last.
    struct Packed {
        std::int64_t index = -1;  ///< image * heads + number
        std::int64_t image = 0;
        std::int64_t number = 0;
        typename Products::Head head{};
    };

    void pack(Packed& to, std::int64_t index) const {
        to = {index, index / shape_.heads, index % shape_.heads, {}};
        to.head = products_.pack(operands_.k + to.image * shape_.k_batch + to.number * shape_.head_dim,
                                 operands_.v + to.image * shape_.v_batch + to.number * shape_.value_dim);
    }

    void run_block(const Packed& packed, std::int64_t first, std::int64_t queries) const {
        const std::int64_t image = packed.image, number = packed.number;
        // An odd number of cache lines per row: rows a multiple of 4 KiB apart would share one set of the
        // cache.
        const std::int64_t row = ((shape_.keys + 15) / 16 | 1) * 16;
        // The sums of the rows lie behind the scores.
        float* const scores = scratch_floats(Scratch::kLocalExtra,
                                             static_cast<std::size_t>((row + 1) * products_.query_block()));
        float* const sums = scores + row * products_.query_block();
        products_.scores(
            packed.head,
            operands_.q + image * shape_.q_batch + number * shape_.head_dim + first * shape_.q_row, queries,
            scores, row);
        const float* bias = operands_.bias;
        if (bias) {
            bias += image % shape_.bias_images * shape_.bias_batch() + number * shape_.bias_head +
                    first * shape_.keys;
        }
        for (std::int64_t i = 0; i < queries; ++i) {
            sums[i] =
                softmax_.exponentials(scores + i * row, bias ? bias + i * shape_.keys : nullptr, shape_.keys);
        }
        float* out =
            operands_.out + image * shape_.out_batch + number * shape_.value_dim + first * shape_.out_row;
        products_.values(packed.head, scores, row, queries, out);
        for (std::int64_t i = 0; i < queries; ++i) {
            softmax_.scale(out + i * shape_.out_row, 1.0f / sums[i], shape_.value_dim);
        }
    }

    const AttentionShape& shape_;
    const AttentionOperands& operands_;
    const Products& products_;
    const SoftmaxTable& softmax_;
};

inline bool is_empty(const AttentionShape& shape) {
    return shape.batch <= 0 || shape.heads <= 0 || shape.queries <= 0 || shape.value_dim <= 0 ||
           shape.keys <= 0;
}

}  // namespace espalier::kernels
