#pragma once

#include <cstdint>
#include <filesystem>

#include "base/shared_bytes.h"
#include "graph/graph.h"

namespace espalier::formats {

/// Size of the images where a model leaves it open; 0: not known.
struct OnnxOptions {
    std::int64_t height = 0;
    std::int64_t width = 0;
};

/// Imports a classifier from an ONNX file (opset 11 to 21) with one image input [batch, channels, height,
/// width], or [batch, height, width, channels], and logits [batch, classes] as its first output. The batch
/// may be fixed or open in the file; the graph holds for every batch size. Arithmetic on shapes is done while
/// importing, constants keep their names, weights that ONNX has as [in, out] are transposed to [out, in], and
/// floating types become f32. Throws Error naming the file and the node that is malformed or not supported.
graph::Graph import_onnx(const std::filesystem::path& path, const OnnxOptions& options = {});

/// The same from bytes in memory; `path` names them in errors, and external data lie below its folder.
graph::Graph import_onnx(const SharedBytes& file, const std::filesystem::path& path,
                         const OnnxOptions& options = {});

}  // namespace espalier::formats
