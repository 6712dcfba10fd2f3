#include "kernels/attention/attention.h"

#include <vector>

#include "kernels/attention/attention_drive.h"
#include "kernels/gemm/multiply.h"
#include "kernels/gemm/pack_table.h"

namespace espalier::kernels {
namespace {

/// Products of f32, by the tiles of dense products.
class ProductsF32 {
  public:
    struct Head {
        PanelView keys{};
        PanelView values{};
    };

    ProductsF32(const AttentionShape& shape, Isa isa)
        : shape_(shape),
          tiles_(tile_table(isa)),
          key_panels_(split_columns(shape.keys, shape.head_dim, tiles_)),
          value_panels_(split_columns(shape.value_dim, shape.keys, tiles_)) {}

    Isa isa() const { return tiles_.isa; }
    /// A multiple of every tile height, and for 1,000 keys 192 KiB.
    std::int64_t query_block() const { return 48; }

    Head pack(const float* k, const float* v) const {
        const std::int64_t key_floats = panel_floats(shape_.keys, shape_.head_dim, tiles_);
        const std::int64_t value_floats = panel_floats(shape_.value_dim, shape_.keys, tiles_);
        float* memory = scratch_floats(Scratch::kLocal, static_cast<std::size_t>(key_floats + value_floats));
        return {
            pack_panels(k, shape_.k_row, true, shape_.scale, shape_.head_dim, key_panels_, tiles_, memory),
            pack_panels(v, shape_.v_row, false, 1.0f, shape_.keys, value_panels_, tiles_,
                        memory + key_floats)};
    }
    void scores(const Head& head, const float* q, std::int64_t queries, float* to, std::int64_t row) const {
        multiply(head.keys, 0, std::ssize(key_panels_), queries, q, shape_.q_row, to, row, {});
    }
    void values(const Head& head, const float* p, std::int64_t row, std::int64_t queries, float* out) const {
        multiply(head.values, 0, std::ssize(value_panels_), queries, p, row, out, shape_.out_row, {});
    }

  private:
    const AttentionShape& shape_;
    const TileTable& tiles_;
    std::vector<Panel> key_panels_;
    std::vector<Panel> value_panels_;
};

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
    if (is_empty(shape)) return;
    const ProductsF32 products(shape, isa);
    AttentionDrive(shape, {q, k, v, bias, out}, products, softmax_table(isa)).run(pool);
}

}  // namespace espalier::kernels
