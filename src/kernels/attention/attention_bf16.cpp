#include "kernels/attention/attention_bf16.h"

#include <array>
#include <cstring>

#include "kernels/attention/attention_drive.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kPanelWidth = 2 * kBF16Lanes;
constexpr int kMostRows = 2 * kAmxRows;

std::int64_t rounded_up(std::int64_t n, std::int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/// Rows of a head are a few cache lines each, far apart: no processor foresees them.
constexpr std::int64_t kRowsAhead = 8;
inline void fetch_row(const float* row, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += 16) __builtin_prefetch(row + i);
}

/// The right side of a product of depth k as panels of kPanelWidth columns, laid out as TileBF16 wants it.
struct PackedColumns {
    std::uint16_t* data;
    std::int64_t columns;
    std::int64_t k;

    static std::int64_t panel_numbers(std::int64_t k) {
        return rounded_up(k, kBF16DepthMultiple) * kPanelWidth;
    }
    static std::int64_t numbers(std::int64_t columns, std::int64_t k) {
        return rounded_up(columns, kPanelWidth) / kPanelWidth * panel_numbers(k);
    }

    /// Where the pair of depths that `depth` belongs to lies for a column.
    std::uint16_t* pair(std::int64_t column, std::int64_t depth) const {
        return data + column / kPanelWidth * panel_numbers(k) +
               (depth / 2 * kPanelWidth + column % kPanelWidth) * 2;
    }
};

/// Products of bf16, by the tiles of dense products.
class ProductsBF16 {
  public:
    struct Head {
        PackedColumns keys{};
        PackedColumns values{};
    };

    ProductsBF16(const AttentionShape& shape, const TileBF16Kernel& kernel)
        : shape_(shape), kernel_(kernel) {}

    Isa isa() const { return kernel_.isa; }
    /// As many as leave room for their scores in the first cache.
    std::int64_t query_block() const { return kernel_.max_rows * (kernel_.max_rows < kMostRows ? 2 : 1); }

    Head pack(const float* k, const float* v) const {
        const std::int64_t key_numbers = PackedColumns::numbers(shape_.keys, shape_.head_dim);
        const std::int64_t value_numbers = PackedColumns::numbers(shape_.value_dim, shape_.keys);
        const std::int64_t bytes = 2 * (key_numbers + value_numbers);
        auto* const memory =
            static_cast<std::uint16_t*>(scratch(Scratch::kLocal, static_cast<std::size_t>(bytes)));
        std::memset(memory, 0, static_cast<std::size_t>(bytes));
        const Head head{{memory, shape_.keys, shape_.head_dim},
                        {memory + key_numbers, shape_.value_dim, shape_.keys}};
        pack_keys(k, head.keys);
        pack_values(v, head.values);
        return head;
    }
    void scores(const Head& head, const float* q, std::int64_t queries, float* to, std::int64_t row) const {
        multiply(head.keys, q, shape_.q_row, queries, to, row);
    }
    void values(const Head& head, const float* p, std::int64_t row, std::int64_t queries, float* out) const {
        multiply(head.values, p, row, queries, out, shape_.out_row);
    }

  private:
    /// A key is a column: its pairs of depths are kPanelWidth words apart.
    void pack_keys(const float* k, const PackedColumns& to) const {
        const std::int64_t depth = to.k;
        auto* const scaled = scratch_floats(Scratch::kLocalRows, static_cast<std::size_t>(2 * depth + 2));
        auto* const rounded = reinterpret_cast<std::uint16_t*>(scaled + depth);
        rounded[depth] = 0;
        for (std::int64_t j = 0; j < to.columns; ++j, k += shape_.k_row) {
            fetch_row(k + kRowsAhead * shape_.k_row, depth);
            for (std::int64_t e = 0; e < depth; ++e) scaled[e] = shape_.scale * k[e];
            kernel_.round(scaled, depth, rounded);
            std::uint16_t* word = to.pair(j, 0);
            for (std::int64_t e = 0; e < depth; e += 2, word += 2 * kPanelWidth) {
                std::memcpy(word, rounded + e, 2 * sizeof(std::uint16_t));
            }
        }
    }

    /// A value is a depth: two of them make up a line of words.
    void pack_values(const float* v, const PackedColumns& to) const {
        auto* const first = static_cast<std::uint16_t*>(
            scratch(Scratch::kLocalRows, static_cast<std::size_t>(4 * to.columns)));
        std::uint16_t* const second = first + to.columns;
        for (std::int64_t j = 0; j < to.k; j += 2, v += 2 * shape_.v_row) {
            fetch_row(v + kRowsAhead * shape_.v_row, to.columns);
            fetch_row(v + (kRowsAhead + 1) * shape_.v_row, to.columns);
            kernel_.round(v, to.columns, first);
            if (j + 1 < to.k) {
                kernel_.round(v + shape_.v_row, to.columns, second);
            } else {
                std::memset(second, 0, static_cast<std::size_t>(2 * to.columns));
            }
            for (std::int64_t column = 0; column < to.columns; column += kPanelWidth) {
                auto* const line = reinterpret_cast<std::uint32_t*>(to.pair(column, j));
                const std::int64_t count = std::min(kPanelWidth, to.columns - column);
                for (std::int64_t e = 0; e < count; ++e) {
                    line[e] = first[column + e] | std::uint32_t{second[column + e]} << 16;
                }
            }
        }
    }

    /// c[i][j] = bf16(a[i]) . columns[j] for i < rows.
    void multiply(const PackedColumns& columns, const float* a, std::int64_t lda, std::int64_t rows, float* c,
                  std::int64_t ldc) const {
        // A cache line more than it takes: rows a power of two apart would share the sets of the first cache.
        const std::int64_t row_bytes = rounded_up(2 * columns.k, 64) + 64;
        const std::size_t prepared_bytes =
            kernel_.prepared ? kernel_.prepared->bytes(1, columns.k, kernel_.max_rows) : 0;
        auto* const rounded = static_cast<std::byte*>(
            scratch(Scratch::kLocalRows, static_cast<std::size_t>(kMostRows * row_bytes) + prepared_bytes));
        std::array<const void*, kMostRows> pointers;
        for (std::int64_t first = 0; first < rows; first += kernel_.max_rows) {
            const auto count = static_cast<int>(std::min<std::int64_t>(kernel_.max_rows, rows - first));
            for (int i = 0; i < count; ++i) {
                std::byte* const row = rounded + i * row_bytes;
                fetch_row(a + (first + i + kRowsAhead) * lda, columns.k);
                kernel_.round(a + (first + i) * lda, columns.k, row);
                pointers[static_cast<std::size_t>(i)] = row;
            }
            TileBF16 tile{.rows = pointers.data(),
                          .prepared = rounded + kMostRows * row_bytes,
                          .taps = 1,
                          .k = columns.k,
                          .ldc = ldc};
            if (kernel_.prepared) {
                kernel_.prepared->prepare(tile, count, rounded + kMostRows * row_bytes);
            }
            for (std::int64_t column = 0; column < columns.columns; column += kPanelWidth) {
                tile.panel = columns.pair(column, 0);
                tile.c = c + first * ldc + column;
                tile.columns = static_cast<int>(std::min(kPanelWidth, columns.columns - column));
                kernel_.run(tile, count, 2);
            }
        }
    }

    const AttentionShape& shape_;
    const TileBF16Kernel& kernel_;
};

}  // namespace

void attention_bf16(const AttentionShape& shape, const float* q, const float* k, const float* v,
                    const float* bias, float* out, ThreadPool& pool, const TileBF16Kernel& kernel) {
    if (is_empty(shape)) return;
    const ProductsBF16 products(shape, kernel);
    AttentionDrive(shape, {q, k, v, bias, out}, products, softmax_table(kernel.isa)).run(pool);
}

}  // namespace espalier::kernels
