#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "formats/tensor_map.h"

namespace espalier::formats {

/// A checkpoint in several files.
struct Shards {
    TensorMap tensors;
    std::vector<std::string> files;  ///< names of the files, beside the index
};

/// Reads one file of a checkpoint.
using ShardReader = std::function<TensorMap(const std::filesystem::path& file)>;

/// Reads a checkpoint cut into several files by its index (`{"weight_map": {tensor: file}}`, as transformers
/// writes it for every format); the files lie beside the index, and `read` opens each of them once. Throws
/// Error where a file lacks a tensor, a name leads out of the folder, or there are more than 1024 files.
Shards read_shards(const std::filesystem::path& index, const ShardReader& read);

}  // namespace espalier::formats
