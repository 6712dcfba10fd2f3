#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/epilogue.h"

namespace espalier::kernels {

/// y = f(x), one element at a time. a and b are UnaryParams::alpha and ::beta.
enum class Unary : std::uint8_t {
    kIdentity,     ///< x
    kRelu,         ///< max(x, 0)
    kClip,         ///< min(max(x, a), b); relu6 is a = 0, b = 6
    kLeakyRelu,    ///< x >= 0 ? x : a x
    kElu,          ///< x >= 0 ? x : a (exp(x) - 1)
    kGelu,         ///< x/2 (1 + erf(x / sqrt 2))
    kGeluTanh,     ///< x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    kSilu,         ///< x sigmoid(x), also called swish
    kSigmoid,      ///< 1 / (1 + exp(-x))
    kTanh,         ///< tanh(x)
    kHardSigmoid,  ///< min(max(a x + b, 0), 1); ONNX default a = 0.2, b = 0.5; torch a = 1/6, b = 1/2
    kHardSwish,    ///< x min(max(x/6 + 1/2, 0), 1)
    kSoftplus,     ///< log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-|x|))
    kExp,
    kLog,
    kSqrt,
    kErf,
    kNeg,
    kAbs,
    kReciprocal,
    kSquare,
    kFloor,
    kCeil,
    kRound,  ///< half to even, as ONNX Round
    kSign,   ///< -1, 0 or 1
};

/// Number of kinds, for tables indexed by kind.
inline constexpr int kUnaryKinds = static_cast<int>(Unary::kSign) + 1;

struct UnaryParams {
    float alpha = 0;
    float beta = 0;
};

/// The same function as an element-wise operation, with the bounds of kClip as parameters.
struct UnaryOperation {
    Unary kind = Unary::kIdentity;
    UnaryParams params;
};
UnaryOperation operation_of(Activation activation, float lo, float hi);

/// Lower-case name, e.g. "gelu_tanh".
std::string_view name(Unary kind);

/// y[i] = f(x[i]) for i in [0, n). y may be x; otherwise they must not overlap. NaN goes through (kClip and
/// kRelu: NaN stays NaN, as in torch).
void unary(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n, ThreadPool& pool,
           Isa limit = best_isa());

/// One implementation of unary(), single-threaded. `function` handles every kind.
struct UnaryKernel {
    std::string_view name;
    Isa isa;
    void (*function)(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n);
};

/// All implementations, portable reference first.
std::span<const UnaryKernel> unary_kernels();

/// Defined in the file compiled for each instruction set.
void run_unary_portable(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n);
void run_unary_avx2(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n);
void run_unary_avx512(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n);

}  // namespace espalier::kernels
