#include <cmath>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

float evaluate(const std::string& op_type, float x) {
    if (op_type == "Floor") return std::floor(x);
    if (op_type == "Ceil") return std::ceil(x);
    if (op_type == "Sign") return static_cast<float>((x > 0) - (x < 0));
    return std::nearbyint(x);  // Round goes to even, as the default rounding mode does
}

}  // namespace

/// Ceil, Floor, Round, Sign of a constant.
void parse_rounding(Call& call) {
    if (auto integers = call.integers(0); integers && call.op_type() != "Sign")
        return call.give(std::move(*integers));
    const Tensor* constant = call.constant(0);
    if (!constant) fail("only constants can be rounded");
    Tensor result = constant->to_f32().clone();
    for (float& value : result.mutable_span<float>()) value = evaluate(call.op_type(), value);
    call.give(std::move(result));
}

}  // namespace espalier::formats::onnx
