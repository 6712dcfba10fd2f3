#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/shared_bytes.h"
#include "formats/shards.h"
#include "formats/tensor_map.h"

namespace espalier::formats {

/// A checkpoint in safetensors format (github.com/huggingface/safetensors, "Format").
struct Safetensors {
    TensorMap tensors;
    std::map<std::string, std::string> metadata;
};

/// Reads a .safetensors file. Tensors are views of the mapped file, which they keep open; nothing is copied.
///
/// Strict: the header is at most 100 MB, a flat JSON object without duplicate names, its element types are
/// known (F64 F32 F16 BF16 I64 I32 I8 U8 BOOL), every range of bytes lies in the file, has exactly the size
/// of its shape and overlaps no other. Throws Error naming the file and the tensor otherwise.
Safetensors read_safetensors(const std::filesystem::path& path);

/// The same from bytes in memory; `source` names them in errors.
Safetensors read_safetensors(const SharedBytes& file, const std::string& source);

/// Reads a checkpoint cut into several files; see read_shards().
Shards read_sharded_safetensors(const std::filesystem::path& index);

/// Writes a .safetensors file atomically. The data begins at a multiple of 64 bytes, without holes (other
/// readers demand that); tensors whose size is a multiple of 64 come first, then by falling element size, so
/// that all are aligned for their type and most for a cache line. Throws Error when it cannot be written.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace espalier::formats
