#include <functional>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

/// The truth of a comparison, given the sign of a - b.
bool holds(const std::string& op_type, int sign) {
    if (op_type == "Less") return sign < 0;
    if (op_type == "LessOrEqual") return sign <= 0;
    if (op_type == "Greater") return sign > 0;
    if (op_type == "GreaterOrEqual") return sign >= 0;
    return sign == 0;
}

template <typename T>
int sign_of(T value) {
    return (value > 0) - (value < 0);
}

/// 1 or 0 where the answer is the same for every batch size.
Extent compared(const std::string& op_type, Extent a, Extent b) {
    if (op_type == "Equal") return {a == b ? 1 : 0, 0};
    const Extent difference = a - b;
    if (!difference.known()) fail("cannot compare {} with {}", a.str(), b.str());
    return {holds(op_type, sign_of(difference.constant)) ? 1 : 0, 0};
}

}  // namespace

/// Equal, Less, LessOrEqual, Greater, GreaterOrEqual of constants and shapes.
void parse_compare(Call& call) {
    const std::string& op_type = call.op_type();
    if (const auto a = call.integers(0), b = call.integers(1); a && b) {
        return call.give(combine(*a, *b, [&](Extent l, Extent r) { return compared(op_type, l, r); }));
    }
    const Tensor* a = call.constant(0);
    const Tensor* b = call.constant(1);
    if (!a || !b) fail("only constants and shapes can be compared");
    call.give(fold_to_bool(
        *a, *b, [&](float l, float r) { return l == l && r == r && holds(op_type, (l > r) - (l < r)); }));
}

}  // namespace espalier::formats::onnx
