#include <algorithm>

#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// Batch normalization of tokens [N, T, C], each of which is an element of a larger batch.
std::string write_row_norm(NodeWriter& to, const BatchNorm& op) {
    const std::int64_t channels = to.shape()[2];
    const std::string rows =
        to.add("BatchNormalization",
               {to.reshaped(to.input(0), {-1, channels}), to.input(1), to.input(2), to.input(3), to.input(4)},
               {{"epsilon", static_cast<float>(op.eps)}});
    return write_epilogue(to, to.reshaped(rows, {-1, to.shape()[1], channels}), 5, op.activation);
}

}  // namespace

std::string write_op(NodeWriter& to, const BatchNorm& op) {
    if (to.shape().rank() == 3) return write_row_norm(to, op);
    // Without spatial axes the channels are last in both layouts.
    const Layout layout = to.shape().rank() == 4 ? op.layout : Layout::kNchw;
    std::string y = write_channels_first(to, layout, to.input(0), [&](const std::string& x) {
        return to.add("BatchNormalization", {x, to.input(1), to.input(2), to.input(3), to.input(4)},
                      {{"epsilon", static_cast<float>(op.eps)}});
    });
    return write_epilogue(to, std::move(y), 5, op.activation);
}

/// An instance of InstanceNormalization is a group whose pixels and channels lie in one row; the affine
/// follows, as opset 17 has no group normalization of its own.
std::string write_op(NodeWriter& to, const GroupNorm& op) {
    const Shape shape = to.shape();
    const Layout layout = shape.rank() == 4 ? op.layout : Layout::kNchw;
    std::string y = write_channels_first(to, layout, to.input(0), [&](const std::string& x) {
        Tensor ones = Tensor::allocate(DType::kF32, {op.groups});
        std::ranges::fill(ones.mutable_span<float>(), 1.0f);
        const std::string rows = to.reshaped(x, {0, op.groups, -1});
        const std::string normalized =
            to.add("InstanceNormalization",
                   {rows, to.tensor(to.node().name + ".ones", ones),
                    to.tensor(to.node().name + ".zeros", Tensor::allocate(DType::kF32, {op.groups}))},
                   {{"epsilon", static_cast<float>(op.eps)}});
        const std::int64_t channels = to.shape(1)[0];
        Ints whole{0, channels};
        Ints affine{channels};
        for (int axis = 2; axis < shape.rank(); ++axis) {
            whole.push_back(layout == Layout::kNhwc ? shape[axis - 1] : shape[axis]);
            affine.push_back(1);
        }
        const std::string image = to.reshaped(normalized, whole);
        const std::string scaled = to.add("Mul", {image, to.reshaped(to.input(1), affine)});
        return to.add("Add", {scaled, to.reshaped(to.input(2), affine)});
    });
    return write_epilogue(to, std::move(y), 3, op.activation);
}

/// ONNX has a scale always, and a bias where it is given.
std::string write_op(NodeWriter& to, const LayerNorm& op) {
    std::vector<std::string> inputs{to.input(0)};
    if (to.has(1)) {
        inputs.push_back(to.input(1));
    } else {
        Tensor ones = Tensor::allocate(DType::kF32, {to.shape().back()});
        std::ranges::fill(ones.mutable_span<float>(), 1.0f);
        inputs.push_back(to.tensor(to.node().name + ".ones", ones));
    }
    if (to.has(2)) inputs.push_back(to.input(2));
    return to.add("LayerNormalization", std::move(inputs),
                  {{"axis", std::int64_t{-1}}, {"epsilon", static_cast<float>(op.eps)}});
}

std::string write_op(NodeWriter& to, const Softmax& op) {
    return to.add(op.log ? "LogSoftmax" : "Softmax", {to.input(0)},
                  {{"axis", axis_from_front(op.axis, to.shape().rank())}});
}

}  // namespace espalier::formats::onnx
