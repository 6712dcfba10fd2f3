#include <cmath>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Identity, Dropout (which does nothing outside training)
void parse_identity(Call& call) { call.give(call.input(0).content); }

/// Floating types are all f32 here, so that casts between them vanish; integers and constants are converted.
void parse_cast(Call& call) {
    const auto to = dtype_of(call.attribute("to").i);
    if (!to) fail("the element type {} is not supported", call.attribute("to").i);
    if (const Dynamic* sum = call.dynamic(0); sum && sum->role == Dynamic::Role::kSum && is_floating(*to))
        return call.give_dynamic(*sum);
    const auto integers = call.integers(0);
    if (integers && !is_floating(*to)) {
        const bool to_bool = *to == DType::kBool;
        return call.give(combine(*integers, Integers::scalar({}), [to_bool](Extent value, Extent) {
            return to_bool ? Extent{value == Extent{} ? 0 : 1, 0} : value;
        }));
    }
    const Tensor* constant = call.constant(0);
    if (constant && is_floating(*to)) return call.give(constant->to_f32());
    if (constant && *to == DType::kBool)
        return call.give(fold_to_bool(*constant, *constant, [](float value, float) { return value != 0; }));
    if (constant) {
        const Tensor floats = constant->to_f32();
        if (floats.elements() > Integers::kMostElements) fail("too many elements are converted to integers");
        Integers result{floats.shape(), {}};
        for (const float value : floats.span<float>()) {
            if (!(std::abs(value) < 9e18f)) fail("{} cannot be converted to an integer", value);
            result.elements.push_back({static_cast<std::int64_t>(value), 0});
        }
        return call.give(std::move(result));
    }
    const NodeId x = call.operand(0);
    if (!is_floating(*to) || !is_floating(call.type(x).dtype)) {
        fail("a conversion from {} to {} at run time is not supported", espalier::name(call.type(x).dtype),
             espalier::name(*to));
    }
    call.give(x);
}

}  // namespace espalier::formats::onnx
