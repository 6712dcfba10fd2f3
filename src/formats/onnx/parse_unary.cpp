#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

struct Named {
    std::string_view op_type;
    UnaryKind kind;
};

constexpr std::array<Named, 11> kKinds{{{"Abs", UnaryKind::kAbs},
                                        {"Erf", UnaryKind::kErf},
                                        {"Exp", UnaryKind::kExp},
                                        {"HardSwish", UnaryKind::kHardSwish},
                                        {"Log", UnaryKind::kLog},
                                        {"Neg", UnaryKind::kNeg},
                                        {"Reciprocal", UnaryKind::kReciprocal},
                                        {"Relu", UnaryKind::kRelu},
                                        {"Sigmoid", UnaryKind::kSigmoid},
                                        {"Sqrt", UnaryKind::kSqrt},
                                        {"Tanh", UnaryKind::kTanh}}};

void give_unary(Call& call, const Unary& op) {
    if (const auto integers = call.integers(0); integers && op.kind == UnaryKind::kNeg) {
        return call.give(
            combine(*integers, Integers::scalar({-1, 0}), [](Extent a, Extent b) { return a * b; }));
    }
    if (const Tensor* constant = call.constant(0)) return call.give(fold(op, *constant));
    call.give(call.add(op, {call.operand(0)}));
}

}  // namespace

void parse_unary(Call& call) {
    for (const Named& named : kKinds) {
        if (named.op_type == call.op_type()) return give_unary(call, {named.kind});
    }
    fail("not a function of one argument");
}

/// Bounds come as inputs 1 and 2 and may be absent.
void parse_clip(Call& call) {
    constexpr double kMost = std::numeric_limits<float>::max();
    const double lo = call.scalar(1, -kMost);
    const double hi = call.scalar(2, kMost);
    if (lo == 0 && hi == kMost) return give_unary(call, {UnaryKind::kRelu});
    give_unary(call, {UnaryKind::kClip, lo, hi});
}

/// y = max(0, min(1, alpha x + beta))
void parse_hard_sigmoid(Call& call) {
    const double alpha = call.number("alpha", 0.2);
    const double beta = call.number("beta", 0.5);
    if (std::abs(alpha - 1.0 / 6.0) < 1e-6 && beta == 0.5) return give_unary(call, {UnaryKind::kHardSigmoid});
    const NodeId scaled =
        call.add(Binary{BinaryKind::kMul}, {call.operand(0), call.add_scalar(static_cast<float>(alpha))});
    const NodeId shifted =
        call.add(Binary{BinaryKind::kAdd}, {scaled, call.add_scalar(static_cast<float>(beta))});
    call.give(call.add(Unary{UnaryKind::kClip, 0, 1}, {shifted}));
}

/// y = x where x > 0, else alpha x; that is the larger of both for an alpha up to 1.
void parse_leaky_relu(Call& call) {
    const double alpha = call.number("alpha", 0.01);
    if (alpha > 1) fail("a slope of {} is not supported", alpha);
    const NodeId x = call.operand(0);
    const NodeId slope = call.add(Binary{BinaryKind::kMul}, {x, call.add_scalar(static_cast<float>(alpha))});
    call.give(call.add(Binary{BinaryKind::kMax}, {x, slope}));
}

void parse_gelu(Call& call) {
    const std::string approximate = call.text("approximate", "none");
    if (approximate != "none" && approximate != "tanh")
        fail("the approximation '{}' is not known", approximate);
    give_unary(call, {approximate == "tanh" ? UnaryKind::kGeluTanh : UnaryKind::kGelu});
}

}  // namespace espalier::formats::onnx
