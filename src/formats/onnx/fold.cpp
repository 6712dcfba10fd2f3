#include "formats/onnx/fold.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace espalier::formats::onnx {

using graph::BinaryKind;
using graph::UnaryKind;

namespace {

float evaluate(const graph::Unary& op, float x) {
    switch (op.kind) {
        case UnaryKind::kRelu:
            return std::max(x, 0.0f);
        case UnaryKind::kClip:
            return std::min(std::max(x, static_cast<float>(op.lo)), static_cast<float>(op.hi));
        case UnaryKind::kSigmoid:
            return 1.0f / (1.0f + std::exp(-x));
        case UnaryKind::kTanh:
            return std::tanh(x);
        case UnaryKind::kErf:
            return std::erf(x);
        case UnaryKind::kExp:
            return std::exp(x);
        case UnaryKind::kLog:
            return std::log(x);
        case UnaryKind::kSqrt:
            return std::sqrt(x);
        case UnaryKind::kReciprocal:
            return 1.0f / x;
        case UnaryKind::kNeg:
            return -x;
        case UnaryKind::kAbs:
            return std::abs(x);
        default:
            fail("{} of a constant is not supported", name(op.kind));
    }
}

float evaluate(BinaryKind kind, float a, float b) {
    switch (kind) {
        case BinaryKind::kAdd:
            return a + b;
        case BinaryKind::kSub:
            return a - b;
        case BinaryKind::kMul:
            return a * b;
        case BinaryKind::kDiv:
            return a / b;
        case BinaryKind::kPow:
            return std::pow(a, b);
        case BinaryKind::kMin:
            return std::min(a, b);
        case BinaryKind::kMax:
            return std::max(a, b);
    }
    return 0;
}

}  // namespace

bool is_floating(DType dtype) {
    return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF64;
}

Tensor fold(const Tensor& tensor, const Arrangement& arrangement) {
    Tensor result = Tensor::allocate(tensor.dtype(), arrangement.shape);
    if (result.elements() == 0) return result;
    const std::size_t width = size_of(tensor.dtype());
    std::byte* to = result.mutable_bytes().data();
    for (const std::int64_t source : arrangement.source) {
        std::memcpy(to, tensor.bytes().data() + static_cast<std::size_t>(source) * width, width);
        to += width;
    }
    return result;
}

Tensor fold(const graph::Unary& op, const Tensor& tensor) {
    Tensor result = tensor.to_f32().clone();
    for (float& value : result.mutable_span<float>()) value = evaluate(op, value);
    return result;
}

Tensor fold(BinaryKind kind, const Tensor& a, const Tensor& b) {
    const Shape shape = graph::broadcast_shape(name(kind), a.shape(), b.shape());
    Tensor result = fold(a.to_f32(), arrange_broadcast(a.shape(), shape));
    const Tensor right = fold(b.to_f32(), arrange_broadcast(b.shape(), shape));
    const auto values = result.mutable_span<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = evaluate(kind, values[i], right.span<float>()[i]);
    return result;
}

Tensor fold_to_bool(const Tensor& a, const Tensor& b, const std::function<bool(float, float)>& f) {
    const Shape shape = graph::broadcast_shape("comparison", a.shape(), b.shape());
    const Tensor left = fold(a.to_f32(), arrange_broadcast(a.shape(), shape));
    const Tensor right = fold(b.to_f32(), arrange_broadcast(b.shape(), shape));
    Tensor result = Tensor::allocate(DType::kBool, shape);
    for (std::size_t i = 0; i < static_cast<std::size_t>(result.elements()); ++i) {
        const bool holds = f(left.span<float>()[i], right.span<float>()[i]);
        result.mutable_bytes()[i] = static_cast<std::byte>(holds ? 1 : 0);
    }
    return result;
}

Tensor fold_where(const Tensor& condition, const Tensor& a, const Tensor& b) {
    const Shape values = graph::broadcast_shape("selection", a.shape(), b.shape());
    const Shape shape = graph::broadcast_shape("selection", condition.shape(), values);
    const Tensor selects = fold(condition.to_f32(), arrange_broadcast(condition.shape(), shape));
    Tensor result = fold(a.to_f32(), arrange_broadcast(a.shape(), shape));
    const Tensor otherwise = fold(b.to_f32(), arrange_broadcast(b.shape(), shape));
    const auto chosen = result.mutable_span<float>();
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (selects.span<float>()[i] == 0) chosen[i] = otherwise.span<float>()[i];
    }
    return result;
}

Tensor fold_concat(std::span<const Tensor> parts, int axis) {
    const Shape& first = parts.front().shape();
    std::int64_t extent = 0;
    for (const Tensor& part : parts) {
        if (part.dtype() != parts.front().dtype() || part.shape().rank() != first.rank() ||
            !(part.shape().with(axis, 1) == first.with(axis, 1))) {
            fail("constants of shapes {} and {} cannot be put behind each other along axis {}", first.str(),
                 part.shape().str(), axis);
        }
        extent += part.shape()[axis];
    }
    Tensor result = Tensor::allocate(parts.front().dtype(), first.with(axis, extent));
    if (result.elements() == 0) return result;
    std::byte* to = result.mutable_bytes().data();
    for (std::int64_t outer = 0; outer < first.product(0, axis); ++outer) {
        for (const Tensor& part : parts) {
            const auto row =
                static_cast<std::size_t>(part.shape().product(axis, first.rank())) * size_of(part.dtype());
            if (row > 0) std::memcpy(to, part.bytes().data() + static_cast<std::size_t>(outer) * row, row);
            to += row;
        }
    }
    return result;
}

}  // namespace espalier::formats::onnx
