#include "formats/onnx/batched_product.h"

#include <algorithm>

#include "base/error.h"
#include "formats/onnx/fold.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

using Extents = std::vector<Extent>;

constexpr std::size_t kMostRank = 4;

NodeId reshaped(Call& call, NodeId x, const Extents& to) {
    return call.graph().extents(x) == to ? x : call.reshape(x, to);
}

/// Leading axes of both, by NumPy's rule.
Extents broadcast(const Extents& a, const Extents& b) {
    Extents result;
    for (std::size_t i = 0; i < a.size(); ++i) result.push_back(a[i] == Extent{1, 0} ? b[i] : a[i]);
    return result;
}

/// `x` repeated along its leading axes until they are `lead`.
NodeId repeated(Call& call, NodeId x, const Extents& lead) {
    Extents extents = call.graph().extents(x);
    std::vector<std::int64_t> factor(extents.size(), 1);
    bool over_batch = false, over_others = false;
    for (std::size_t i = 0; i < lead.size(); ++i) {
        if (extents[i] == lead[i]) continue;
        if (!(extents[i] == Extent{1, 0}))
            fail("the leading axes of the factors differ: {} and {}", extents[i].str(), lead[i].str());
        if (lead[i].known()) {
            factor[i] = lead[i].constant;
            over_others = true;
        } else if (i == 0 && lead[i] == Extent{0, 1}) {
            over_batch = true;
        } else {
            fail("a factor cannot be repeated {} times", lead[i].str());
        }
    }
    if (over_others) {
        const float one = 1;
        const Tensor ones =
            fold(Tensor::of<float>({}, std::span(&one, 1)), arrange_broadcast({}, Shape(factor)));
        x = call.add(Binary{BinaryKind::kMul}, {x, call.add_constant(call.name() + ".ones", ones)});
    }
    return over_batch ? call.add(BroadcastBatch{}, {x, call.graph().input()}) : x;
}

/// All but the last `kept` axes become one in front of them.
Extents with_joined_lead(const Extents& extents, std::size_t kept) {
    const std::size_t lead = extents.size() - kept;
    Extent all{1, 0};
    for (std::size_t i = 0; i < lead; ++i) all = all * extents[i];
    Extents result{all};
    result.insert(result.end(), extents.begin() + static_cast<std::ptrdiff_t>(lead), extents.end());
    return result;
}

}  // namespace

NodeId batched_product(Call& call, NodeId a, NodeId b, bool transpose_b) {
    Extents left = call.graph().extents(a);
    Extents right = call.graph().extents(b);
    if (left.size() < 2 || right.size() < 2) fail("a product with a vector is not supported");
    const std::size_t rank = std::max(left.size(), right.size());
    left.insert(left.begin(), rank - left.size(), Extent{1, 0});
    right.insert(right.begin(), rank - right.size(), Extent{1, 0});
    a = reshaped(call, a, left);
    b = reshaped(call, b, right);
    left.resize(rank - 2);
    right.resize(rank - 2);
    const Extents lead = broadcast(left, right);
    a = repeated(call, a, lead);
    b = repeated(call, b, lead);
    if (rank <= kMostRank) return call.add(MatMul{transpose_b}, {a, b});
    Extents whole = call.graph().extents(a);
    whole.back() = call.graph().extents(b)[transpose_b ? rank - 2 : rank - 1];
    a = call.reshape(a, with_joined_lead(call.graph().extents(a), kMostRank - 1));
    b = call.reshape(b, with_joined_lead(call.graph().extents(b), kMostRank - 1));
    return call.reshape(call.add(MatMul{transpose_b}, {a, b}), whole);
}

}  // namespace espalier::formats::onnx
