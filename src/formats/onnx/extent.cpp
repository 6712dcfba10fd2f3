#include "formats/onnx/extent.h"

#include <limits>

#include "base/error.h"

namespace espalier::formats::onnx {
namespace {

std::int64_t add(std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    if (__builtin_add_overflow(a, b, &result)) fail("a shape computation overflows: {} + {}", a, b);
    return result;
}

std::int64_t subtract(std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(a, b, &result)) fail("a shape computation overflows: {} - {}", a, b);
    return result;
}

std::int64_t multiply(std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    if (__builtin_mul_overflow(a, b, &result)) fail("a shape computation overflows: {} * {}", a, b);
    return result;
}

std::int64_t divide(std::int64_t a, std::int64_t b) {
    if (b == 0) fail("a shape computation divides {} by zero", a);
    if (b == -1) return subtract(0, a);
    return a / b;
}

}  // namespace

std::int64_t Extent::at(std::int64_t batch) const { return add(multiply(per_batch, batch), constant); }

std::string Extent::str() const {
    if (known()) return std::to_string(constant);
    std::string text = per_batch == 1 ? "N" : fmt::format("{}*N", per_batch);
    return constant == 0 ? text : fmt::format("{}{:+}", text, constant);
}

Extent operator+(Extent a, Extent b) { return {add(a.constant, b.constant), add(a.per_batch, b.per_batch)}; }

Extent operator-(Extent a, Extent b) {
    return {subtract(a.constant, b.constant), subtract(a.per_batch, b.per_batch)};
}

Extent operator*(Extent a, Extent b) {
    if (!a.known() && !b.known())
        fail("a shape multiplies the batch size by itself: ({}) * ({})", a.str(), b.str());
    const Extent& varying = a.known() ? b : a;
    const std::int64_t factor = a.known() ? a.constant : b.constant;
    return {multiply(varying.constant, factor), multiply(varying.per_batch, factor)};
}

Extent operator/(Extent a, Extent b) {
    if (a.known() && b.known()) return {divide(a.constant, b.constant), 0};
    // (k p N + k c) / (p N + c) = k, and (p N + c) / k where k divides both.
    if (!b.known()) {
        const std::int64_t k = divide(a.per_batch, b.per_batch);
        if (Extent{k, 0} * b == a) return {k, 0};
    } else {
        const Extent quotient{divide(a.constant, b.constant), divide(a.per_batch, b.constant)};
        if (quotient * b == a) return quotient;
    }
    fail("a shape divides the batch size without a whole result: ({}) / ({})", a.str(), b.str());
}

Extent extent_through(std::int64_t at_one, std::int64_t at_two) {
    const std::int64_t slope = subtract(at_two, at_one);
    return {subtract(at_one, slope), slope};
}

}  // namespace espalier::formats::onnx
