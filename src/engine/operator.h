#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "kernels/packed_memory.h"
#include "kernels/quantize/row_codes.h"

namespace espalier::engine {

/// An operand in memory: where it lies and what it is. `data` is null for an absent optional input.
struct View {
    std::byte* data = nullptr;
    const graph::TensorType* type = nullptr;
    /// The rows of an f32 value, along its last axis, in codes: kernels::row_codes_at(). Instead of its
    /// floats or beside them; null except for operators that say they take or give them.
    std::byte* codes = nullptr;

    const Shape& shape() const { return type->shape; }
    const float* f32() const { return reinterpret_cast<const float*>(data); }
    float* mutable_f32() const { return reinterpret_cast<float*>(data); }
    std::int64_t rows() const { return shape().elements() / shape().back(); }
    /// Without codes where there are none.
    kernels::RowCodes row_codes() const {
        return codes ? kernels::row_codes_at(codes, rows(), shape().back()) : kernels::RowCodes{};
    }
};

/// The operands of one execution.
struct Operands {
    std::vector<View> inputs;
    View output;

    /// Input `index` as floats; null when it is absent.
    const float* f32(std::size_t index) const {
        return index < inputs.size() ? inputs[index].f32() : nullptr;
    }
};

/// A node made ready to run for any batch size: its kernel chosen and its weights packed.
class Operator {
  public:
    virtual ~Operator() = default;

    virtual void run(const Operands& operands, ThreadPool& pool) const = 0;

    /// Kernel and instruction set, e.g. "conv_1x1/avx512"; evidence of what is executed.
    virtual std::string kernel() const = 0;

    /// Class of its multiply-accumulates: "f32", "bf16", "int8", "sparse", "sparse-int8".
    virtual std::string mac_class() const { return "f32"; }

    /// Share of its multiply-accumulates that are executed; below 1 where the kernel skips zero weights.
    virtual double executed_share() const { return 1; }

    /// Weights held in packed form. Where there are some, run() does not read input 1, which they come from.
    virtual std::size_t weight_bytes() const { return 0; }

    /// True where row codes of input `index` serve as well as its floats: the operator makes the same of
    /// them.
    virtual bool takes_row_codes(std::size_t index) const {
        (void)index;
        return false;
    }

    /// True where the operator gives its result in row codes when asked: those of
    /// kernels::quantize_groups_u8().
    virtual bool gives_row_codes() const { return false; }

    /// True when the operator may write its output over input `index`, given equal sizes.
    virtual bool may_overwrite(std::size_t index) const {
        (void)index;
        return false;
    }
};

/// How the products of a layer are computed, where there is a choice.
enum class Product {
    kDense,      ///< as they are
    kWinograd2,  ///< by minimal filtering with output tiles of 2 x 2
    kWinograd4,  ///< with tiles of 4 x 4
    kSparse,     ///< without zero weights
};

/// How operators are to be made.
struct LoweringOptions {
    Isa isa = best_isa();  ///< no kernel above this instruction set
    bool winograd = true;  ///< allow convolutions by minimal filtering
    bool sparse = true;    ///< allow kernels that skip zero weights
    /// Instead of what is estimated to be fastest, for a layer that has this way (products_of()).
    std::optional<Product> product = {};
};

/// The operator for a node, with its constant inputs packed: the weights of its products in `memory`, or in
/// new memory where that is null. Where the memory is packed they are not read. Throws Error naming the node
/// when the engine has no kernel for it.
std::unique_ptr<Operator> lower(const graph::Graph& graph, graph::NodeId id, const LoweringOptions& options,
                                kernels::PackedMemory* memory = nullptr);

}  // namespace espalier::engine
