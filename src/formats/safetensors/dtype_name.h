#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "tensor/dtype.h"

namespace espalier::formats {

/// Element types by their names in safetensors files.
constexpr std::array<std::pair<std::string_view, DType>, 9> kSafetensorsDTypes{{{"F64", DType::kF64},
                                                                                {"F32", DType::kF32},
                                                                                {"F16", DType::kF16},
                                                                                {"BF16", DType::kBF16},
                                                                                {"I64", DType::kI64},
                                                                                {"I32", DType::kI32},
                                                                                {"I8", DType::kI8},
                                                                                {"U8", DType::kU8},
                                                                                {"BOOL", DType::kBool}}};

}  // namespace espalier::formats
