#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "graph/graph.h"

namespace espalier::formats {

struct OnnxExportOptions {
    /// What ModelProto.metadata_props tells about the model.
    std::map<std::string, std::string> metadata;
    /// Weights of more bytes lie in a file of their own: a protocol buffer holds less than 2 GiB.
    std::size_t most_inline_bytes = std::size_t{1500} << 20;
};

/// Writes a verified graph as an ONNX file (opset 17) that import_onnx() and ONNX Runtime read: input
/// "pixel_values" f32 [N, C, H, W], output "logits" f32 [N, classes], the batch open. Products with
/// dynamically quantized activations are calls of functions of the domain "espalier", whose bodies the file
/// holds. Large weights go into `path` with ".data" behind it. The files appear complete or not at all, the
/// model last. Throws Error when they cannot be written.
void export_onnx(const graph::Graph& graph, const std::filesystem::path& path,
                 const OnnxExportOptions& options = {});

/// What the producer of our files is called.
inline constexpr const char* kOnnxProducer = "espalier";

/// The program that made an ONNX file, as it says itself; "" where it does not, or is no such file.
std::string onnx_producer(const std::filesystem::path& path);

}  // namespace espalier::formats
