#include "base/error.h"
#include "formats/onnx/dynamic.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

BinaryKind kind_of(const std::string& op_type) {
    if (op_type == "Sub") return BinaryKind::kSub;
    if (op_type == "Mul") return BinaryKind::kMul;
    if (op_type == "Div") return BinaryKind::kDiv;
    if (op_type == "Pow") return BinaryKind::kPow;
    if (op_type == "Min") return BinaryKind::kMin;
    if (op_type == "Max") return BinaryKind::kMax;
    return BinaryKind::kAdd;
}

Extent pick(Extent a, Extent b, bool less) {
    const Extent difference = a - b;
    if (!difference.known()) fail("cannot compare {} with {}", a.str(), b.str());
    return (difference.constant < 0) == less ? a : b;
}

Extent evaluate(BinaryKind kind, Extent a, Extent b) {
    switch (kind) {
        case BinaryKind::kAdd:
            return a + b;
        case BinaryKind::kSub:
            return a - b;
        case BinaryKind::kMul:
            return a * b;
        case BinaryKind::kDiv:
            return a / b;
        case BinaryKind::kMin:
            return pick(a, b, true);
        case BinaryKind::kMax:
            return pick(a, b, false);
        case BinaryKind::kPow:
            break;
    }
    fail("powers of integers are not supported");
}

}  // namespace

/// Add, Sub, Mul, Div, Pow of two inputs; Min, Max, Sum of one or more.
void parse_binary(Call& call) {
    const BinaryKind kind = kind_of(call.op_type());
    if (kind == BinaryKind::kMul && give_dynamic_product(call)) return;
    if (call.inputs() == 1) return call.give(call.operand(0));
    if (const auto a = call.image_integers(0), b = call.image_integers(1); a && b && call.inputs() == 2) {
        return call.give(combine(*a, *b, [kind](Extent l, Extent r) { return evaluate(kind, l, r); }));
    }
    if (call.inputs() == 2 && call.constant(0) && call.constant(1)) {
        return call.give(fold(kind, *call.constant(0), *call.constant(1)));
    }
    NodeId y = call.operand(0);
    for (std::size_t i = 1; i < call.inputs(); ++i) y = call.add(Binary{kind}, {y, call.operand(i)});
    call.give(y);
}

}  // namespace espalier::formats::onnx
