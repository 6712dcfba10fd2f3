#include "kernels/elementwise/unary.h"

#include <array>

#include "kernels/dispatch.h"
#include "kernels/elementwise/unary_reference.h"

namespace espalier::kernels {
namespace {

constexpr std::array<std::string_view, kUnaryKinds> kNames = {
    "identity", "relu",         "clip",       "leaky_relu", "elu",  "gelu",  "gelu_tanh", "silu", "sigmoid",
    "tanh",     "hard_sigmoid", "hard_swish", "softplus",   "exp",  "log",   "sqrt",      "erf",  "neg",
    "abs",      "reciprocal",   "square",     "floor",      "ceil", "round", "sign"};

/// Elements per chunk: 64 KiB read, so that a chunk stays in L2 and outweighs the cost of claiming it.
constexpr std::int64_t kGrain = 16384;

constexpr UnaryKernel kTable[] = {
    {"unary/portable", Isa::kPortable, run_unary_portable},
#if defined(__x86_64__)
    {"unary/avx2", Isa::kAvx2, run_unary_avx2},
    {"unary/avx512", Isa::kAvx512, run_unary_avx512},
#endif
};

}  // namespace

void run_unary_portable(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = unary_reference(kind, params, x[i]);
}

std::string_view name(Unary kind) { return kNames[static_cast<std::size_t>(kind)]; }

UnaryOperation operation_of(Activation activation, float lo, float hi) {
    switch (activation) {
        case Activation::kNone:
            return {Unary::kIdentity, {}};
        case Activation::kRelu:
            return {Unary::kRelu, {}};
        case Activation::kClip:
            return {Unary::kClip, {lo, hi}};
        case Activation::kGelu:
            return {Unary::kGelu, {}};
        case Activation::kGeluTanh:
            return {Unary::kGeluTanh, {}};
        case Activation::kSilu:
            return {Unary::kSilu, {}};
        case Activation::kSigmoid:
            return {Unary::kSigmoid, {}};
        case Activation::kTanh:
            return {Unary::kTanh, {}};
        case Activation::kHardSwish:
            return {Unary::kHardSwish, {}};
        case Activation::kHardSigmoid:
            return {Unary::kHardSigmoid, {1 / 6.0f, 0.5f}};
    }
    return {};
}

std::span<const UnaryKernel> unary_kernels() { return kTable; }

void unary(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n, ThreadPool& pool,
           Isa limit) {
    const auto& kernel = select(unary_kernels(), limit);
    pool.parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
        kernel.function(kind, params, x + begin, y + begin, end - begin);
    });
}

}  // namespace espalier::kernels
