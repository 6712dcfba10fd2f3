#include <algorithm>

#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// The extents that are left when `axes` are reduced.
std::vector<Extent> reduced(const std::vector<Extent>& extents, const Ints& axes, bool keep) {
    std::vector<Extent> left;
    for (std::size_t i = 0; i < extents.size(); ++i) {
        const bool gone = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
        if (!gone) left.push_back(extents[i]);
        if (gone && keep) left.push_back({1, 0});
    }
    return left;
}

Extent product(const std::vector<Extent>& extents, std::int64_t first, std::int64_t last) {
    Extent result{1, 0};
    for (std::int64_t i = first; i < last; ++i) result = result * extents[static_cast<std::size_t>(i)];
    return result;
}

/// A maximum over neighbouring axes is a pooling whose window covers them: [n, before, axes, after].
NodeId maximum(Call& call, NodeId x, const Ints& axes, bool keep) {
    const auto extents = call.graph().extents(x);
    const std::int64_t first = axes.front();
    const std::int64_t last = axes.back() + 1;
    if (first == 0 || last - first != static_cast<std::int64_t>(axes.size())) {
        fail("a maximum over the batch, or over axes that are not neighbours, is not supported");
    }
    const Extent window = product(extents, first, last);
    if (!window.known()) fail("a maximum over the batch is not supported");
    const auto rank = static_cast<std::int64_t>(extents.size());
    const NodeId image =
        call.reshape(x, {extents[0], product(extents, 1, first), window, product(extents, last, rank)});
    const NodeId pooled = call.add(Pool2d{.kind = PoolKind::kMax, .kernel = {window.constant, 1}}, {image});
    return call.reshape(pooled, reduced(extents, axes, keep));
}

/// sum = n mean
NodeId sum(Call& call, NodeId x, const Ints& axes, bool keep) {
    Extent count{1, 0};
    for (const std::int64_t axis : axes)
        count = count * call.graph().extents(x)[static_cast<std::size_t>(axis)];
    if (!count.known()) fail("a sum over the batch is not supported");
    const NodeId mean = call.add(Reduce{.kind = ReduceKind::kMean, .axes = axes, .keep_axes = keep}, {x});
    const NodeId factor = call.add_scalar(static_cast<float>(count.constant));
    return call.add(Binary{BinaryKind::kMul}, {mean, factor});
}

void give_reduced(Call& call, NodeId x, const Ints& axes, bool keep) {
    if (call.op_type() == "ReduceL2") {
        const NodeId squares = call.add(Binary{BinaryKind::kMul}, {x, x});
        return call.give(call.add(Unary{UnaryKind::kSqrt}, {sum(call, squares, axes, keep)}));
    }
    if (call.op_type().ends_with("Sum")) return call.give(sum(call, x, axes, keep));
    if (call.op_type().find("Max") != std::string::npos) return call.give(maximum(call, x, axes, keep));
    call.give(call.add(Reduce{.kind = ReduceKind::kMean, .axes = axes, .keep_axes = keep}, {x}));
}

}  // namespace

/// ReduceMean, ReduceSum, ReduceMax, ReduceL2
void parse_reduce(Call& call) {
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    Ints axes;
    for (const std::int64_t axis : call.integers_of("axes", 1).value_or(Ints{}))
        axes.push_back(axis_of(axis, rank));
    std::sort(axes.begin(), axes.end());
    if (axes.empty() && call.integer("noop_with_empty_axes", 0) != 0) return call.give(x);
    if (axes.empty()) fail("a reduction over all axes mixes the images of a batch");
    if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) fail("an axis is repeated");
    give_reduced(call, x, axes, call.integer("keepdims", 1) != 0);
}

/// GlobalAveragePool, GlobalMaxPool
void parse_global_pool(Call& call) {
    const NodeId x = call.operand(0);
    if (call.type(x).shape.rank() != 4)
        fail("only pooling of images is supported, not of {}", call.type(x).str());
    give_reduced(call, x, {2, 3}, true);
}

}  // namespace espalier::formats::onnx
