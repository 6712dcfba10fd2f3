#include "runtimes/model_info.h"

namespace espalier::runtimes {

ModelInfo info_of(const models::Model& model) {
    ModelInfo info;
    info.name = model.name;
    info.architecture = model.architecture;
    info.sha256 = model.sha256;
    info.labels = model.labels;
    info.processor = model.processor;
    info.channels = static_cast<int>(model.channels());
    info.height = static_cast<int>(model.height());
    info.width = static_cast<int>(model.width());
    info.classes = static_cast<int>(model.classes());
    return info;
}

}  // namespace espalier::runtimes
