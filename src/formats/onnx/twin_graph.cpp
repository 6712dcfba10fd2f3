#include "formats/onnx/twin_graph.h"

#include "base/error.h"

namespace espalier::formats::onnx {

using namespace graph;

NodeId TwinGraph::add_input(const std::string& name, const Shape& shape) {
    two_.add_input(name, {DType::kF32, shape.with(0, 2)});
    return one_.add_input(name, {DType::kF32, shape.with(0, 1)});
}

NodeId TwinGraph::add_constant(const std::string& name, const Tensor& value) {
    two_.add_constant(name, value);
    return one_.add_constant(name, value);
}

NodeId TwinGraph::add(const Op& op, const std::vector<NodeId>& inputs, const std::string& name) {
    const NodeId added = one_.add(op, inputs, name);
    try {
        two_.add(op, inputs, name);
    } catch (const Error& error) {
        fail("the model only holds for one batch size: {}", error.what());
    }
    return added;
}

std::vector<Extent> TwinGraph::extents(NodeId id) const {
    const Shape& at_one = one_.type(id).shape;
    const Shape& at_two = two_.type(id).shape;
    std::vector<Extent> extents;
    for (int axis = 0; axis < at_one.rank(); ++axis)
        extents.push_back(extent_through(at_one[axis], at_two[axis]));
    return extents;
}

NodeId TwinGraph::reshape(NodeId x, const std::vector<Extent>& to, const std::string& name) {
    const std::vector<Extent> from = extents(x);
    Ints dims;
    bool open = false;
    for (std::size_t axis = 0; axis < to.size(); ++axis) {
        if (to[axis].known()) {
            if (to[axis].constant < 1) fail("an extent of {} is not supported", to[axis].constant);
            dims.push_back(to[axis].constant);
        } else if (axis < from.size() && from[axis] == to[axis]) {
            dims.push_back(0);
        } else {
            if (open) fail("more than one extent depends on the batch size");
            open = true;
            dims.push_back(-1);
        }
    }
    return add(Reshape{dims}, {x}, name);
}

Graph TwinGraph::finish(NodeId output) {
    two_.set_output(output);
    one_.set_output(output);
    verify(two_);
    return without_dead_nodes(one_);
}

}  // namespace espalier::formats::onnx
