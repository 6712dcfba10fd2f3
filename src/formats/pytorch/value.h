#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/dtype.h"

namespace espalier::formats::pytorch {

/// Place of a value among those that a pickle made. Values refer to each other by place, so that a pickle
/// which refers to itself neither leaks nor recurses.
using Ref = std::uint32_t;

struct None {};

/// What a pickle may name. Everything else is refused when it is named.
enum class Callable : std::uint8_t { kOrderedDict, kRebuildTensor, kRebuildParameter, kStorage, kSize };
struct Global {
    Callable what;
    DType dtype;  ///< of a storage
};

struct Tuple {
    std::vector<Ref> items;
};
struct List {
    std::vector<Ref> items;
};
struct Dict {
    std::vector<std::pair<Ref, Ref>> items;
};

/// Numbers in an entry of the archive.
struct Storage {
    std::string_view key;
    DType dtype = DType::kF32;
    std::int64_t elements = 0;
};

/// x[i, j, ...] = storage[offset + i * strides[0] + j * strides[1] + ...], not yet checked.
struct StridedTensor {
    Storage storage;
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
};

/// Texts are views of the pickle.
using Value = std::variant<None, bool, std::int64_t, double, std::string_view, Global, Tuple, List, Dict,
                           Storage, StridedTensor>;
using Values = std::vector<Value>;

/// What Python calls the type.
std::string_view type_name(const Value& value);

}  // namespace espalier::formats::pytorch
