#pragma once

#include <string>

#include "formats/onnx/message.h"
#include "formats/onnx/write/model_file.h"

namespace espalier::formats::onnx {

/// Tensors that lie in a file beside the model, which a protocol buffer of at most 2 GiB cannot hold.
struct ExternalData {
    std::string file_name;
    std::vector<std::span<const std::byte>> pieces;  ///< of that file
};

/// The ModelProto. The bytes of the initializers are borrowed from `model`, which must outlive the result.
/// Where `external` is given, those of a page or more go there instead, each at the start of a page.
Message serialize(const ModelFile& model, ExternalData* external);

}  // namespace espalier::formats::onnx
