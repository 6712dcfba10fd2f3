#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/shared_bytes.h"
#include "formats/tensor_map.h"

namespace espalier::formats {

/// A checkpoint that torch.save wrote.
struct PytorchCheckpoint {
    TensorMap tensors;
    std::vector<std::string> notes;  ///< what a careful user wants to know, one sentence each
};

/// Reads a checkpoint in the ZIP form of torch.save (PyTorch 1.6 and later): a dictionary of tensors, or a
/// dictionary in which the key "state_dict" holds one, which leaves a note. Tensors are views of the mapped
/// file; only those whose elements do not lie in order are copied.
///
/// Nothing in the file is executed: the pickle is interpreted by read_pickle(), which knows the few names
/// that such checkpoints use and refuses every other. Throws Error naming the file, and the tensor or the
/// name that is refused.
PytorchCheckpoint read_pytorch(const std::filesystem::path& path);

/// The same from bytes in memory; `source` names them in errors.
PytorchCheckpoint read_pytorch(const SharedBytes& file, const std::string& source);

}  // namespace espalier::formats
