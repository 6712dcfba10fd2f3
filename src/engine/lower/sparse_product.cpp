#include "engine/lower/sparse_product.h"

#include <algorithm>

#include "kernels/sparse/spmm.h"

namespace espalier::engine {
namespace {

/// Below this the rows of one image leave most lanes of a vector empty.
constexpr std::int64_t kLeastRows = 16;

class SparseProductOperator final : public Operator {
  public:
    SparseProductOperator(const Lowering& lowering, const Tensor& weights, std::size_t tail,
                          const graph::Activation& activation)
        : isa_(lowering.options.isa),
          tail_(tail),
          bias_(lowering.has_input(tail) ? lowering.constant(tail) : Tensor()),
          epilogue_(epilogue_of(activation)) {
        const std::int64_t n = weights.shape()[0];
        packed_ = kernels::pack_sparse_f32(weights.span<float>().data(), n, weights.elements() / n);
        if (bias_.elements() > 0) epilogue_.bias = bias_.span<float>().data();
    }

    void run(const Operands& operands, ThreadPool& pool) const override {
        kernels::Epilogue epilogue = epilogue_;
        epilogue.residual = operands.f32(tail_ + 1);
        const std::int64_t rows = operands.inputs[0].shape().elements() / packed_.k();
        kernels::spmm_f32(rows, operands.f32(0), packed_.k(), packed_, operands.output.mutable_f32(), packed_.n(),
                          epilogue, pool, isa_);
    }
    std::string kernel() const override { return kernels::kernel_name_spmm(isa_); }
    std::string mac_class() const override { return "sparse"; }
    std::size_t weight_bytes() const override { return packed_.size_bytes() + bias_.size_bytes(); }
    bool may_overwrite(std::size_t index) const override { return index == tail_ + 1; }

  private:
    Isa isa_;
    std::size_t tail_;
    Tensor bias_;
    kernels::Epilogue epilogue_;
    kernels::SparseF32 packed_;
};

}  // namespace

OperatorPtr lower_sparse_product(const Lowering& lowering, const Tensor& weights, std::size_t tail,
                                 const graph::Activation& activation) {
    const auto values = weights.span<float>();
    const auto zeros = static_cast<double>(std::count(values.begin(), values.end(), 0.0f));
    const std::int64_t depth = weights.elements() / weights.shape()[0];
    const std::int64_t rows = lowering.input_type(0).shape.elements() / depth;
    if (zeros < kernels::kSparseBreakEven * static_cast<double>(values.size()) || rows < kLeastRows) return nullptr;
    return std::make_unique<SparseProductOperator>(lowering, weights, tail, activation);
}

}  // namespace espalier::engine
