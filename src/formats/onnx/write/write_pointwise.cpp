#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// 0.5 x (1 + erf(x / sqrt(2))); ONNX has it as one operation from opset 20 on. The division is what runtimes
/// look for when they fuse it.
std::string write_gelu(NodeWriter& to, const std::string& x) {
    const std::string erf = to.add("Erf", {to.add("Div", {x, to.scalar(1.4142135623730951)})});
    const std::string doubled = to.add("Mul", {x, to.add("Add", {erf, to.scalar(1)})});
    return to.add("Mul", {doubled, to.scalar(0.5)});
}

/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
std::string write_gelu_tanh(NodeWriter& to, const std::string& x) {
    const std::string cube = to.add("Mul", {to.add("Mul", {x, x}), x});
    const std::string sum = to.add("Add", {x, to.add("Mul", {cube, to.scalar(0.044715)})});
    const std::string tanh = to.add("Tanh", {to.add("Mul", {sum, to.scalar(0.7978845608028654)})});
    const std::string doubled = to.add("Mul", {x, to.add("Add", {tanh, to.scalar(1)})});
    return to.add("Mul", {doubled, to.scalar(0.5)});
}

}  // namespace

std::string write_unary(NodeWriter& to, const Unary& op, const std::string& x) {
    switch (op.kind) {
        case UnaryKind::kRelu:
            return to.add("Relu", {x});
        case UnaryKind::kClip:
            return to.add("Clip", {x, to.scalar(op.lo), to.scalar(op.hi)});
        case UnaryKind::kGelu:
            return write_gelu(to, x);
        case UnaryKind::kGeluTanh:
            return write_gelu_tanh(to, x);
        case UnaryKind::kSilu:
            return to.add("Mul", {x, to.add("Sigmoid", {x})});
        case UnaryKind::kSigmoid:
            return to.add("Sigmoid", {x});
        case UnaryKind::kTanh:
            return to.add("Tanh", {x});
        case UnaryKind::kHardSwish:
            return to.add("HardSwish", {x});
        case UnaryKind::kHardSigmoid:
            return to.add("HardSigmoid", {x}, {{"alpha", 1.0f / 6.0f}, {"beta", 0.5f}});
        case UnaryKind::kErf:
            return to.add("Erf", {x});
        case UnaryKind::kExp:
            return to.add("Exp", {x});
        case UnaryKind::kLog:
            return to.add("Log", {x});
        case UnaryKind::kSqrt:
            return to.add("Sqrt", {x});
        case UnaryKind::kReciprocal:
            return to.add("Reciprocal", {x});
        case UnaryKind::kNeg:
            return to.add("Neg", {x});
        case UnaryKind::kAbs:
            return to.add("Abs", {x});
    }
    return x;
}

std::string write_op(NodeWriter& to, const Unary& op) { return write_unary(to, op, to.input(0)); }

std::string write_op(NodeWriter& to, const Binary& op) {
    const auto op_type = [&] {
        switch (op.kind) {
            case BinaryKind::kAdd:
                return "Add";
            case BinaryKind::kSub:
                return "Sub";
            case BinaryKind::kMul:
                return "Mul";
            case BinaryKind::kDiv:
                return "Div";
            case BinaryKind::kPow:
                return "Pow";
            case BinaryKind::kMin:
                return "Min";
            case BinaryKind::kMax:
                return "Max";
        }
        return "";
    };
    return to.add(op_type(), {to.input(0), to.input(1)});
}

std::string write_op(NodeWriter& to, const BroadcastBatch&) {
    return write_repeated(to, to.input(0), to.shape().rank(), to.input(1));
}

}  // namespace espalier::formats::onnx
