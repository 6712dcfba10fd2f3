#include <limits>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

Integers chosen(const Integers& condition, const Integers& a, const Integers& b) {
    condition.known("the condition");
    const Integers from_a = combine(condition, a, [](Extent c, Extent value) { return c * value; });
    const Integers from_b = combine(condition, b, [](Extent c, Extent value) {
        return (Extent{1, 0} - c) * value;
    });
    return combine(from_a, from_b, [](Extent l, Extent r) { return l + r; });
}

/// where(c, x, k) = c x + where(c, 0, k), for constants c and k, and a finite x.
NodeId masked(Call& call, const Tensor& condition, std::size_t running, std::size_t fixed) {
    const float zero = 0, one = 1;
    const Tensor none = Tensor::of<float>({}, std::span(&zero, 1));
    const Tensor all = Tensor::of<float>({}, std::span(&one, 1));
    const bool keeps_true = running == 1;
    const Tensor keep = keeps_true ? fold_where(condition, all, none) : fold_where(condition, none, all);
    const Tensor& constant = *call.constant(fixed);
    const Tensor rest =
        keeps_true ? fold_where(condition, none, constant) : fold_where(condition, constant, none);
    const NodeId kept = call.add(Binary{BinaryKind::kMul},
                                 {call.operand(running), call.add_constant(call.name() + ".keep", keep)});
    return call.add(Binary{BinaryKind::kAdd}, {kept, call.add_constant(call.name() + ".rest", rest)});
}

}  // namespace

/// Where(condition, a, b) with a constant condition: of constants and shapes, or of a value and a constant.
void parse_where(Call& call) {
    const auto condition = call.integers(0);
    if (const auto a = call.integers(1), b = call.integers(2); condition && a && b)
        return call.give(chosen(*condition, *a, *b));
    const Tensor* selects = call.constant(0);
    if (!selects) fail("the condition must be constant");
    const Tensor* a = call.constant(1);
    const Tensor* b = call.constant(2);
    if (a && b) return call.give(fold_where(*selects, *a, *b));
    if (!a && !b) fail("one of the values must be constant");
    call.give(masked(call, *selects, a ? 2 : 1, a ? 1 : 2));
}

}  // namespace espalier::formats::onnx
