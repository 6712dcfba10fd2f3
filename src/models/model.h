#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/processor.h"
#include "graph/graph.h"

namespace espalier::models {

/// A pretrained classifier: network, weights, preprocessing and labels, with where they came from.
struct Model {
    graph::Graph graph;  ///< verified; input f32 [1, channels, height, width], output f32 [1, classes]
    std::vector<std::string> labels;  ///< one per class
    /// Learned numbers: tables and statistics computed from them are not counted twice
    std::int64_t parameters = 0;
    datasets::ProcessorConfig processor;
    std::string architecture;        ///< model_type of config.json, or "onnx" where it names none
    std::string name;                ///< of the folder, or org/name of a Hub checkout
    std::string origin;              ///< Hub name and revision, or the path it was loaded from
    std::string sha256;              ///< over configuration, weights and processor; empty when not asked for
    std::string config_json;         ///< text of config.json; empty where there is none
    std::string provenance_json;     ///< of an exported model: the object its maker left; else empty
    std::vector<std::string> notes;  ///< what a careful user wants to know, one sentence each

    std::int64_t channels() const { return input()[1]; }
    std::int64_t height() const { return input()[2]; }
    std::int64_t width() const { return input()[3]; }
    std::int64_t classes() const { return graph.type(graph.output()).shape[1]; }

  private:
    const Shape& input() const { return graph.type(graph.input()).shape; }
};

}  // namespace espalier::models
