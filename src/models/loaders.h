#pragma once

#include "models/folder.h"
#include "models/load.h"

namespace espalier::models {

/// One function per kind of folder. Each fills graph, labels, processor, architecture and notes, and names in
/// `files` what identifies the model.
Model load_hub(const Folder& folder, const LoadOptions& options, std::vector<std::string>& files);
Model load_exported(const Folder& folder, std::vector<std::string>& files);
Model load_onnx(const Folder& folder, const std::string& file, std::vector<std::string>& files);

}  // namespace espalier::models
