#include "formats/onnx/proto.h"
#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

std::int64_t axis_from_front(std::int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

std::string write_epilogue(NodeWriter& to, std::string x, std::size_t residual,
                           const Activation& activation) {
    if (to.has(residual)) x = to.add("Add", {x, to.input(residual)});
    return write_activation(to, std::move(x), activation);
}

std::string write_activation(NodeWriter& to, std::string x, const Activation& activation) {
    if (!activation.present) return x;
    return write_unary(to, Unary{activation.kind, activation.lo, activation.hi}, x);
}

std::string write_channels_first(NodeWriter& to, Layout layout, const std::string& x,
                                 const std::function<std::string(const std::string&)>& body) {
    if (layout == Layout::kNchw) return body(x);
    return to.transposed(body(to.transposed(x, {0, 3, 1, 2})), {0, 2, 3, 1});
}

namespace {

/// Weights as f32 where they are bf16.
std::string widened(NodeWriter& to, const std::string& weights) {
    if (to.input_type(1).dtype != DType::kBF16) return weights;
    return to.add("Cast", {weights}, {{"to", data_type_of(DType::kF32)}});
}

}  // namespace

std::string write_real_weights(NodeWriter& to) { return widened(to, to.input(1)); }

std::string write_weights(NodeWriter& to) {
    const Tensor* constant = to.constant(1);
    if (!constant) return widened(to, to.transposed(to.input(1), {1, 0}));
    return widened(to, to.tensor(to.input_name(1), constant->transposed()));
}

std::string write_repeated(NodeWriter& to, const std::string& x, int rank, const std::string& like) {
    std::string shape = to.add("Shape", {like}, {{"start", std::int64_t{0}}, {"end", std::int64_t{1}}});
    const Ints ones(static_cast<std::size_t>(rank - 1), 1);
    if (rank > 1) shape = to.add("Concat", {shape, to.integers(ones)}, {{"axis", std::int64_t{0}}});
    return to.add("Expand", {x, shape});
}

}  // namespace espalier::formats::onnx
