#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// NumPy's rule for one axis of the value and of the target.
Extent joined(Extent a, Extent b) {
    const Extent one{1, 0};
    if (a == b || b == one) return a;
    if (a == one) return b;
    fail("an extent of {} does not broadcast to {}", a.str(), b.str());
}

std::vector<Extent> joined(std::vector<Extent> a, std::vector<Extent> b) {
    const std::size_t rank = std::max(a.size(), b.size());
    a.insert(a.begin(), rank - a.size(), Extent{1, 0});
    b.insert(b.begin(), rank - b.size(), Extent{1, 0});
    for (std::size_t i = 0; i < rank; ++i) a[i] = joined(a[i], b[i]);
    return a;
}

}  // namespace

/// Broadcasting to a shape: over the batch by BroadcastBatch, over other axes by a product with ones.
void parse_expand(Call& call) {
    const auto target = call.integers(1);
    if (!target || target->shape.rank() != 1 || target->elements.size() > 16)
        fail("the shape must be a list");
    const auto from = shape_of(call);
    const std::vector<Extent> to = joined(from, target->elements);
    std::vector<std::int64_t> row;  // the shape of one image's part
    const bool over_batch = !to.empty() && to[0] == Extent{0, 1};
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (!to[i].known() && !(i == 0 && over_batch))
            fail("axis {} would have the extent {}", i, to[i].str());
        row.push_back(to[i].known() ? to[i].constant : 1);
    }
    const auto& content = call.input(0).content;
    if (const auto* integers = std::get_if<Integers>(&content); integers && !over_batch) {
        return call.give(integers->arranged(arrange_broadcast(integers->shape, Shape(row))));
    }
    NodeId x = NodeId::kNone;
    if (const Tensor* constant = call.constant(0)) {
        const Tensor wide = fold(*constant, arrange_broadcast(constant->shape(), Shape(row)));
        if (!over_batch) return call.give(wide);
        x = call.add_constant(call.input(0).name, is_floating(wide.dtype()) ? wide.to_f32() : wide);
    } else {
        x = call.operand(0);
        if (from != to) {
            const float one = 1;
            const Tensor ones =
                fold(Tensor::of<float>({}, std::span(&one, 1)), arrange_broadcast({}, Shape(row)));
            x = call.add(Binary{BinaryKind::kMul}, {x, call.add_constant(call.name() + ".ones", ones)});
        }
        if (call.graph().extents(x) == to) return call.give(x);
    }
    call.give(over_batch ? call.add(BroadcastBatch{}, {x, call.graph().input()}) : x);
}

}  // namespace espalier::formats::onnx
