#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/safetensors/dtype_name.h"
#include "formats/safetensors/safetensors.h"

namespace espalier::formats {
namespace {

constexpr std::size_t kAlignment = 64;

std::string_view dtype_name(DType dtype) {
    for (const auto& [name, candidate] : kSafetensorsDTypes) {
        if (candidate == dtype) return name;
    }
    fail("safetensors has no name for the element type {}", name(dtype));
}

/// Tensors in the order of their data.
std::vector<TensorMap::const_pointer> ordered(const TensorMap& tensors) {
    std::vector<TensorMap::const_pointer> order;
    for (const auto& entry : tensors) order.push_back(&entry);
    const auto key = [](TensorMap::const_pointer entry) {
        return std::tuple(entry->second.size_bytes() % kAlignment != 0,
                          -static_cast<int>(size_of(entry->second.dtype())));
    };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
    return order;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
    const auto order = ordered(tensors);
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::size_t size = 0;
    for (const auto* entry : order) {
        const Tensor& tensor = entry->second;
        header[entry->first] = {{"dtype", dtype_name(tensor.dtype())},
                                {"shape", tensor.shape().extents()},
                                {"data_offsets", {size, size + tensor.size_bytes()}}};
        size += tensor.size_bytes();
    }
    std::string text = header.dump();
    text.append((kAlignment - (text.size() + 8) % kAlignment) % kAlignment, ' ');

    std::array<std::byte, 8> length;
    for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(text.size() >> (8 * i) & 0xff);

    std::vector<std::span<const std::byte>> pieces{length, std::as_bytes(std::span(text))};
    for (const auto* entry : order) pieces.push_back(entry->second.bytes());
    write_file_atomically(path, pieces);
}

}  // namespace espalier::formats
