#include "engine/lower/lower.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::engine {
namespace {

/// Inputs and constants are memory and reshapes are views: none of them is executed.
template <typename Op>
OperatorPtr lower_op(const Lowering& lowering, const Op&) {
    fail("node '{}' ({}) is not an operation to execute", lowering.node().name, Op::kName);
}

}  // namespace

graph::NodeId Lowering::input(std::size_t index) const {
    const auto& inputs = node().inputs;
    return index < inputs.size() ? inputs[index] : graph::NodeId::kNone;
}

Tensor Lowering::constant(std::size_t index) const {
    const Tensor* tensor = graph.constant(input(index));
    if (!tensor) {
        fail(
            "node '{}': input {} must be a constant, but it is computed at run time; this engine packs "
            "weights when the model is loaded",
            node().name, index);
    }
    return tensor->to_aligned();
}

Tensor Lowering::weights() const {
    return is_packed() ? Tensor::without_elements(input_type(1).dtype, input_type(1).shape) : constant(1);
}

Tensor Lowering::weights_f32() const {
    return is_packed() ? Tensor::without_elements(DType::kF32, input_type(1).shape) : constant(1).to_f32();
}

kernels::Epilogue epilogue_of(const graph::Activation& activation) {
    using graph::UnaryKind;
    using kernels::Activation;
    kernels::Epilogue epilogue;
    epilogue.lo = static_cast<float>(activation.lo);
    epilogue.hi = static_cast<float>(activation.hi);
    if (!activation.present) return epilogue;
    switch (activation.kind) {
        case UnaryKind::kRelu:
            epilogue.activation = Activation::kRelu;
            break;
        case UnaryKind::kClip:
            epilogue.activation = Activation::kClip;
            break;
        case UnaryKind::kGelu:
            epilogue.activation = Activation::kGelu;
            break;
        case UnaryKind::kGeluTanh:
            epilogue.activation = Activation::kGeluTanh;
            break;
        case UnaryKind::kSilu:
            epilogue.activation = Activation::kSilu;
            break;
        case UnaryKind::kSigmoid:
            epilogue.activation = Activation::kSigmoid;
            break;
        case UnaryKind::kTanh:
            epilogue.activation = Activation::kTanh;
            break;
        case UnaryKind::kHardSwish:
            epilogue.activation = Activation::kHardSwish;
            break;
        case UnaryKind::kHardSigmoid:
            epilogue.activation = Activation::kHardSigmoid;
            break;
        default:
            fail("the activation '{}' cannot be fused", graph::name(activation.kind));
    }
    return epilogue;
}

void check_channels_last(const Lowering& lowering, graph::Layout layout) {
    if (layout != graph::Layout::kNhwc) {
        fail("node '{}' works on images, which are executed channels-last; run the layout pass first",
             lowering.node().name);
    }
}

std::string kernel_label(std::string_view family, Isa isa) {
    return fmt::format("{}/{}", family, name(std::min({isa, best_isa(), Isa::kAvx512})));
}

std::unique_ptr<Operator> lower(const graph::Graph& graph, graph::NodeId id, const LoweringOptions& options,
                                kernels::PackedMemory* memory) {
    // A kernel above what this processor has would be an illegal instruction.
    LoweringOptions possible = options;
    possible.isa = std::min(options.isa, best_isa());
    const Lowering lowering{graph, id, possible, memory};
    return std::visit([&](const auto& op) { return lower_op(lowering, op); }, graph[id].op);
}

}  // namespace espalier::engine
