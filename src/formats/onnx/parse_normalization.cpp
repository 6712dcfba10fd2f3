#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

void parse_batch_normalization(Call& call) {
    if (call.integer("training_mode", 0) != 0)
        fail("the model was exported for training; export it in eval mode");
    if (call.integer("spatial", 1) != 1) fail("normalization per pixel is not supported");
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    if (rank != 2 && rank != 4) fail("an input of rank {} is not supported", rank);
    call.give(call.add(BatchNorm{.eps = call.number("epsilon", 1e-5)},
                       {x, call.operand(1), call.operand(2), call.operand(3), call.operand(4)}));
}

namespace {

/// [C] as [1, C, 1, ...], which broadcasts over a value of that rank.
NodeId along_channels(Call& call, std::size_t index, const Extent& channels, int rank, const char* what) {
    const Tensor* given = call.constant(index);
    if (!given || given->elements() != channels.constant)
        fail("input {} must be {} constants", index, channels.str());
    std::vector<std::int64_t> shape(static_cast<std::size_t>(rank), 1);
    shape[1] = channels.constant;
    return call.add_constant(call.name() + what, given->to_f32().reshaped(Shape(std::move(shape))));
}

/// Every group of channels of an image as a row, normalized; then a factor and an addend for each channel.
void give_group_norm(Call& call, std::int64_t groups, std::size_t scale, std::size_t bias) {
    const NodeId x = call.operand(0);
    const auto extents = call.graph().extents(x);
    if (extents.size() < 3 || !extents[1].known())
        fail("an input of shape {} is not supported", call.type(x).str());
    if (groups < 1 || extents[1].constant % groups != 0)
        fail("{} channels do not divide into {} groups", extents[1].str(), groups);
    Extent row{extents[1].constant / groups, 0};
    for (std::size_t axis = 2; axis < extents.size(); ++axis) row = row * extents[axis];
    const NodeId rows = call.reshape(x, {extents[0], {groups, 0}, row});
    const NodeId normal =
        call.reshape(call.add(LayerNorm{.eps = call.number("epsilon", 1e-5)}, {rows}), extents);
    const int rank = static_cast<int>(extents.size());
    const NodeId scaled =
        call.add(Binary{BinaryKind::kMul}, {normal, along_channels(call, scale, extents[1], rank, ".scale")});
    call.give(
        call.add(Binary{BinaryKind::kAdd}, {scaled, along_channels(call, bias, extents[1], rank, ".bias")}));
}

}  // namespace

/// InstanceNormalization: every channel of an image is normalized by itself.
void parse_instance_normalization(Call& call) {
    const auto& shape = call.type(call.operand(0)).shape;
    give_group_norm(call, shape.rank() > 1 ? shape[1] : 0, 1, 2);
}

/// GroupNormalization of opset 21, which has a factor for each channel.
void parse_group_normalization(Call& call) {
    if (call.opset() < 21)
        fail("it has a factor for each channel from opset 21 on only; export for that opset");
    give_group_norm(call, call.attribute("num_groups").i, 1, 2);
}

void parse_layer_normalization(Call& call) {
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    if (axis_of(call.integer("axis", -1), rank) != rank - 1) fail("only the last axis can be normalized");
    if (call.outputs() > 1) fail("the mean and deviation are not supported as outputs");
    std::vector<NodeId> inputs{x, call.operand(1)};
    if (call.has(2)) inputs.push_back(call.operand(2));
    call.give(call.add(LayerNorm{.eps = call.number("epsilon", 1e-5)}, inputs));
}

}  // namespace espalier::formats::onnx
