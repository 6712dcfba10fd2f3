#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

bool evaluate(const std::string& op_type, bool a, bool b) {
    if (op_type == "And") return a && b;
    if (op_type == "Or") return a || b;
    if (op_type == "Xor") return a != b;
    return !a;
}

}  // namespace

/// And, Or, Xor of two constants; Not of one.
void parse_logic(Call& call) {
    const std::string& op_type = call.op_type();
    const std::size_t second = op_type == "Not" ? 0 : 1;
    if (const auto a = call.integers(0), b = call.integers(second); a && b) {
        return call.give(combine(*a, *b, [&](Extent l, Extent r) {
            return Extent{evaluate(op_type, l != Extent{}, r != Extent{}) ? 1 : 0, 0};
        }));
    }
    const Tensor* a = call.constant(0);
    const Tensor* b = call.constant(second);
    if (!a || !b) fail("only constants can be combined");
    call.give(fold_to_bool(*a, *b, [&](float l, float r) { return evaluate(op_type, l != 0, r != 0); }));
}

}  // namespace espalier::formats::onnx
