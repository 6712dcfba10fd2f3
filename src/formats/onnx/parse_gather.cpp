#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// y[n, i] = x[k n + index[i]] of a flat x, where k is the number of elements of an image: what as_strided of
/// a contiguous tensor becomes.
void gather_in_each_image(Call& call, const Integers& indices) {
    const NodeId x = call.operand(0);
    const auto extents = call.graph().extents(x);
    if (extents.size() != 1 || extents[0].constant != 0) fail("only a flat value can be indexed by image");
    Ints positions;
    bool in_order = static_cast<std::int64_t>(indices.elements.size()) == extents[0].per_batch;
    for (const Extent& index : indices.elements) {
        if (index.per_batch != extents[0].per_batch || index.constant < 0 ||
            index.constant >= index.per_batch)
            fail("the index {} leaves the {} elements of an image", index.str(), extents[0].per_batch);
        in_order = in_order && index.constant == static_cast<std::int64_t>(positions.size());
        positions.push_back(index.constant);
    }
    NodeId rows = call.reshape(x, {{0, 1}, {extents[0].per_batch, 0}});
    if (!in_order) rows = call.add(Gather{1, positions}, {rows});
    std::vector<Extent> to{{0, 1}};
    for (int axis = 1; axis < indices.shape.rank(); ++axis) to.push_back({indices.shape[axis], 0});
    call.give(call.reshape(rows, to));
}

/// Elements at constant indices of an axis, which takes the shape of the indices, and vanishes for a single
/// one.
void give_taken(Call& call, const Integers& indices, std::int64_t given_axis) {
    auto extents = shape_of(call);
    const int axis = axis_of(given_axis, static_cast<int>(extents.size()));
    const Extent whole = extents[static_cast<std::size_t>(axis)];
    if (!whole.known()) fail("elements of an axis that depends on the batch size cannot be chosen");
    Ints positions = indices.known("an index");
    for (std::int64_t& position : positions) {
        if (position < -whole.constant || position >= whole.constant) {
            fail("the index {} is outside of {} elements", position, whole.constant);
        }
        if (position < 0) position += whole.constant;
    }
    const auto& from = call.input(0).content;
    auto taken = positions.size() == 1 ? take_range(call, from, axis, positions[0], positions[0] + 1, 1)
                                       : take(call, from, axis, positions);
    if (indices.shape.rank() == 1) return call.give(std::move(taken));
    std::vector<Extent> to(extents.begin(), extents.begin() + axis);
    for (const std::int64_t extent : indices.shape.extents()) to.push_back({extent, 0});
    to.insert(to.end(), extents.begin() + axis + 1, extents.end());
    if (const auto* id = std::get_if<NodeId>(&taken)) return call.give(call.reshape(*id, to));
    std::vector<std::int64_t> known;
    for (const Extent& extent : to) known.push_back(extent.constant);
    if (const auto* integers = std::get_if<Integers>(&taken))
        return call.give(integers->reshaped(Shape(known)));
    call.give(std::get<Tensor>(taken).reshaped(Shape(known)));
}

}  // namespace

void parse_gather(Call& call) {
    const auto indices = call.image_integers(1);
    if (indices && indices->per_image) return gather_in_each_image(call, *indices);
    if (!indices) fail("the indices must be constant");
    give_taken(call, *indices, call.integer("axis", 0));
}

/// Rows of axis 0, each named by an index of one number.
void parse_gather_nd(Call& call) {
    const auto indices = call.integers(1);
    if (!indices) fail("the indices must be constant");
    if (call.integer("batch_dims", 0) != 0 || indices->shape.rank() < 1 || indices->shape.back() != 1)
        fail("only indices of one axis are supported, not {}", indices->shape.str());
    std::vector<std::int64_t> shape = indices->shape.extents();
    shape.pop_back();
    give_taken(call, indices->reshaped(Shape(std::move(shape))), 0);
}

}  // namespace espalier::formats::onnx
