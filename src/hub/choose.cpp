#include "hub/choose.h"

#include <fnmatch.h>

#include <algorithm>

namespace espalier::hub {
namespace {

bool matches(const std::string& name, std::string pattern) {
    if (pattern.ends_with('/')) pattern += '*';
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

/// One way in which weights are stored: the first file decides, the others come along where they are there.
struct WeightsLayout {
    const char* first;
    std::vector<std::string> others;
    bool first_is_index = false;
};

const std::vector<WeightsLayout>& layouts() {
    static const std::vector<WeightsLayout> known = {
        {"model.safetensors", {}},
        {"model.safetensors.index.json", {"model-*-of-*.safetensors"}, true},
        {"pytorch_model.bin", {}},
        {"pytorch_model.bin.index.json", {"pytorch_model-*-of-*.bin"}, true},
        {"model.onnx", {"model.onnx_data", "model.onnx.data"}},
        {"onnx/model.onnx", {"onnx/model.onnx_data", "onnx/model.onnx.data"}},
    };
    return known;
}

}  // namespace

std::vector<std::string> matching(const std::vector<std::string>& names,
                                  const std::vector<std::string>& patterns) {
    std::vector<std::string> result;
    std::copy_if(names.begin(), names.end(), std::back_inserter(result), [&](const std::string& name) {
        return std::any_of(patterns.begin(), patterns.end(),
                           [&](const std::string& pattern) { return matches(name, pattern); });
    });
    return result;
}

Choice choose_files(const std::vector<std::string>& names) {
    Choice choice;
    choice.settings = matching(names, {"config.json", kProcessorFile, "espalier.json"});
    for (const WeightsLayout& layout : layouts()) {
        if (std::find(names.begin(), names.end(), layout.first) == names.end()) continue;
        choice.weights = matching(names, layout.others);
        choice.weights.insert(choice.weights.begin(), layout.first);
        if (layout.first_is_index) choice.index = layout.first;
        break;
    }
    return choice;
}

}  // namespace espalier::hub
