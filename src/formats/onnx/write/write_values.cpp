#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

/// The input is written with the model; it only has a name here.
std::string write_op(NodeWriter& to, const graph::Input&) { return to.node().name; }

std::string write_op(NodeWriter& to, const graph::Constant&) {
    return to.tensor(to.node().name, to.node().value);
}

}  // namespace espalier::formats::onnx
