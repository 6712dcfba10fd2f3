#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// Rows of images: one Gemm, which takes the weights as they are and the bias.
std::string write_gemm(NodeWriter& to) {
    std::vector<std::string> inputs{to.input(0), write_real_weights(to)};
    if (to.has(2)) inputs.push_back(to.input(2));
    return to.add("Gemm", std::move(inputs), {{"transB", std::int64_t{1}}});
}

/// Rows of tokens: only MatMul takes them, and wants the weights as [K, N].
std::string write_product(NodeWriter& to) {
    const std::string y = to.add("MatMul", {to.input(0), write_weights(to)});
    return to.has(2) ? to.add("Add", {y, to.input(2)}) : y;
}

}  // namespace

std::string write_op(NodeWriter& to, const Linear& op) {
    std::string y = to.shape(0).rank() == 2 ? write_gemm(to) : write_product(to);
    return write_epilogue(to, std::move(y), 3, op.activation);
}

}  // namespace espalier::formats::onnx
