#pragma once

#include <string>
#include <vector>

#include "formats/tensor_map.h"
#include "models/folder.h"

namespace espalier::models {

/// The weights of a folder in whatever format they are.
struct Checkpoint {
    formats::TensorMap tensors;
    std::vector<std::string> files;  ///< that were read, by name
    std::vector<std::string> notes;
};

/// Whether the folder holds weights that read_checkpoint() reads.
bool has_checkpoint(const Folder& folder);

/// Reads the first of these that the folder holds: model.safetensors, model.safetensors.index.json,
/// pytorch_model.bin, pytorch_model.bin.index.json. Throws Error when it is malformed or there is none.
Checkpoint read_checkpoint(const Folder& folder);

}  // namespace espalier::models
