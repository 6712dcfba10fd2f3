#include "base/error.h"
#include "models/loaders.h"

namespace espalier::models {

Model load_onnx(const Folder& folder, const std::string& file, std::vector<std::string>&) {
    fail("{}: ONNX is not supported", (folder.path / file).string());
}

}  // namespace espalier::models
