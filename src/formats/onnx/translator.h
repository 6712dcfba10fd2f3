#pragma once

#include <span>

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// Adds the nodes of an ONNX graph to a graph under construction, one after the other. Functions of the model
/// are replaced by their bodies, and an If by the branch that its condition, known here, selects.
class Translator {
  public:
    Translator(const ModelProto& model, TwinGraph& graph, Budget& budget);

    /// Defines in `values` what the nodes define. Throws Error naming the node that is not supported or does
    /// not fit.
    void run(std::span<const NodeProto> nodes, std::int64_t opset, Values& values);

  private:
    void enter();
    void step(const NodeProto& node, std::int64_t opset, Values& values);
    void branch(const NodeProto& node, std::int64_t opset, Values& values);
    void inline_function(const FunctionProto& function, const NodeProto& node, std::int64_t opset,
                         Values& values);

    std::map<std::pair<std::string, std::string>, const FunctionProto*> functions_;  ///< by domain and name
    TwinGraph& graph_;
    Budget& budget_;
    int steps_ = 0;
    int depth_ = 0;
};

/// Adds the constants of a graph to `values`. Throws Error where a name is taken.
void define_initializers(std::span<const TensorProto> initializers, Values& values);

}  // namespace espalier::formats::onnx
