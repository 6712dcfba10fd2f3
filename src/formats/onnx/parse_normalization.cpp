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
