#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace espalier {

/// Element types of tensors.
enum class DType : std::uint8_t { kF32, kF16, kBF16, kF64, kI8, kU8, kI32, kI64, kBool };

/// Lower-case name: "f32", "f16", "bf16", "f64", "i8", "u8", "i32", "i64", "bool".
std::string_view name(DType dtype);

/// Inverse of name(). Throws Error for any other text.
DType parse_dtype(std::string_view text);

/// Bytes of one element.
std::size_t size_of(DType dtype);

template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::kF64;
};
template <>
struct DTypeOf<std::int8_t> {
    static constexpr DType value = DType::kI8;
};
template <>
struct DTypeOf<std::uint8_t> {
    static constexpr DType value = DType::kU8;
};
template <>
struct DTypeOf<std::int32_t> {
    static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<std::int64_t> {
    static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::kBool;
};

}  // namespace espalier
