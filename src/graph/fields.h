#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace espalier::graph {

/// One attribute of an op: its name and where it lies. Printing, JSON and hashing walk these.
template <typename Op, typename T>
struct Field {
    std::string_view name;
    T Op::*member;
};
template <typename Op, typename T>
Field(std::string_view, T Op::*) -> Field<Op, T>;

using Pair = std::array<std::int64_t, 2>;
using Quad = std::array<std::int64_t, 4>;
using Ints = std::vector<std::int64_t>;

/// Order of the axes of an image tensor in memory.
enum class Layout : std::uint8_t { kNchw, kNhwc };
std::string_view name(Layout layout);

/// Pointwise functions of one argument.
enum class UnaryKind : std::uint8_t {
    kRelu,
    kClip,
    kGelu,
    kGeluTanh,
    kSilu,
    kSigmoid,
    kTanh,
    kHardSwish,
    kHardSigmoid,
    kErf,
    kExp,
    kLog,
    kSqrt,
    kReciprocal,
    kNeg,
    kAbs,
};
std::string_view name(UnaryKind kind);

/// Pointwise functions of two arguments.
enum class BinaryKind : std::uint8_t { kAdd, kSub, kMul, kDiv, kPow, kMin, kMax };
std::string_view name(BinaryKind kind);

enum class PoolKind : std::uint8_t { kMax, kAverage };
std::string_view name(PoolKind kind);

enum class ReduceKind : std::uint8_t { kMean, kSum, kMax };
std::string_view name(ReduceKind kind);

/// How activations are quantized at run time in front of int8 weights.
enum class QuantScheme : std::uint8_t {
    kPerRow,    ///< u8 asymmetric per row (token, pixel), weights s8 per output channel
    kPerImage,  ///< u8 asymmetric per index of axis 0, as ONNX DynamicQuantizeLinear at a batch of one
    kTorch,     ///< torch.ao.quantization.quantize_dynamic: u8 per tensor in [0, 127], weights s8 per tensor
};
std::string_view name(QuantScheme scheme);

/// Number of enumerators, so that names can be parsed back.
constexpr int count_of(Layout) { return 2; }
constexpr int count_of(UnaryKind) { return 16; }
constexpr int count_of(BinaryKind) { return 7; }
constexpr int count_of(PoolKind) { return 2; }
constexpr int count_of(ReduceKind) { return 3; }
constexpr int count_of(QuantScheme) { return 3; }

/// A pointwise function fused behind an op: none, or a UnaryKind with its bounds (kClip only).
struct Activation {
    bool present = false;
    UnaryKind kind = UnaryKind::kRelu;
    double lo = 0;
    double hi = 0;
    bool operator==(const Activation&) const = default;
};

/// An f32 value carried as u8 codes, or not: value = scale * (code - zero_point).
struct Codes {
    bool present = false;
    double scale = 1;
    std::int64_t zero_point = 0;
    bool operator==(const Codes&) const = default;
};

/// Geometry of a window that slides over an image.
struct Window {
    Pair kernel{1, 1};  ///< height, width
    Pair stride{1, 1};
    Quad pad{0, 0, 0, 0};  ///< top, left, bottom, right
    Pair dilation{1, 1};
    bool operator==(const Window&) const = default;

    /// Output height and width for an input of height h and width w; ceil: round up as pooling may.
    /// Throws Error when the window does not fit or an attribute is not positive.
    Pair output(std::string_view op, std::int64_t h, std::int64_t w, bool ceil = false) const;
};

}  // namespace espalier::graph
