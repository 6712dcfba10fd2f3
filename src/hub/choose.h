#pragma once

#include <string>
#include <vector>

namespace espalier::hub {

/// What is needed of a repository to load a classifier.
struct Choice {
    std::vector<std::string> settings;  ///< those of config.json and the like that are there
    std::vector<std::string> weights;   ///< of one kind only; empty: none is known
    std::string index;                  ///< the one of `weights` that names the shards; empty: not sharded
};

/// Chooses among the names of a repository's files: the JSON files that describe the model, and the first
/// there is of safetensors (whole, then sharded), pytorch_model.bin (whole, then sharded), ONNX.
Choice choose_files(const std::vector<std::string>& names);

/// Names that match one of the patterns, where * also takes "/", as huggingface_hub has it; a pattern that
/// ends in "/" means all below.
std::vector<std::string> matching(const std::vector<std::string>& names,
                                  const std::vector<std::string>& patterns);

/// File that describes the preprocessing. A cache must know whether the repository has none, since its
/// absence changes what the model is shown.
inline constexpr const char* kProcessorFile = "preprocessor_config.json";

}  // namespace espalier::hub
