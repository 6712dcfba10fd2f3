#include <array>

#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// q, k and v [N, T, width], each an input of its own or a third of the columns of the one there is.
std::array<std::string, 3> queries_keys_values(NodeWriter& to) {
    if (to.has(1)) return {to.input(0), to.input(1), to.input(2)};
    const std::int64_t width = to.shape().back();
    std::array<std::string, 3> parts;
    for (std::int64_t part = 0; part < 3; ++part) {
        parts[static_cast<std::size_t>(part)] = to.add(
            "Slice",
            {to.input(0), to.integers({part * width}), to.integers({(part + 1) * width}), to.integers({2})});
    }
    return parts;
}

/// [N, T, width] -> [N, heads, T, d], or [N, heads, d, T] for the keys.
std::string heads_of(NodeWriter& to, const std::string& x, std::int64_t heads, bool transposed) {
    const std::string split = to.reshaped(x, {0, 0, heads, -1});
    return to.transposed(split, transposed ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3});
}

/// scores [N, heads, T, S] + bias. One of rank 4 repeats along the batch, for which this is split.
std::string biased(NodeWriter& to, const std::string& scores) {
    const Shape& bias = to.shape(3);
    if (bias.rank() == 3) return to.add("Add", {scores, to.input(3)});
    const std::string split = to.reshaped(scores, {-1, bias[0], bias[1], bias[2], bias[3]});
    return to.reshaped(to.add("Add", {split, to.input(3)}), {-1, bias[1], bias[2], bias[3]});
}

}  // namespace

std::string write_op(NodeWriter& to, const Attention& op) {
    const auto [q, k, v] = queries_keys_values(to);
    std::string scores =
        to.add("MatMul", {heads_of(to, q, op.heads, false), heads_of(to, k, op.heads, true)});
    scores = to.add("Mul", {scores, to.scalar(op.scale)});
    if (to.has(3)) scores = biased(to, scores);
    const std::string weights = to.add("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
    const std::string weighted = to.add("MatMul", {weights, heads_of(to, v, op.heads, false)});
    return to.reshaped(to.transposed(weighted, {0, 2, 1, 3}), {0, 0, to.shape().back()});
}

}  // namespace espalier::formats::onnx
