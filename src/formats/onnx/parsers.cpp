#include "formats/onnx/parsers.h"

#include <algorithm>
#include <array>

namespace espalier::formats::onnx {
namespace {

struct Row {
    std::string_view op_type;
    Parser parser;
};

/// Every op of the default domain that is supported, in alphabetical order.
constexpr auto kParsers = std::to_array<Row>({{"Abs", parse_unary},
                                              {"Add", parse_binary},
                                              {"AveragePool", parse_pool},
                                              {"BatchNormalization", parse_batch_normalization},
                                              {"Cast", parse_cast},
                                              {"Clip", parse_clip},
                                              {"Concat", parse_concat},
                                              {"Constant", parse_constant},
                                              {"ConstantOfShape", parse_constant_of_shape},
                                              {"Conv", parse_conv},
                                              {"DequantizeLinear", parse_dequantize_linear},
                                              {"Div", parse_binary},
                                              {"Dropout", parse_identity},
                                              {"Equal", parse_equal},
                                              {"Erf", parse_unary},
                                              {"Exp", parse_unary},
                                              {"Expand", parse_expand},
                                              {"Flatten", parse_flatten},
                                              {"Gather", parse_gather},
                                              {"Gelu", parse_gelu},
                                              {"Gemm", parse_gemm},
                                              {"GlobalAveragePool", parse_global_pool},
                                              {"GlobalMaxPool", parse_global_pool},
                                              {"HardSigmoid", parse_hard_sigmoid},
                                              {"HardSwish", parse_unary},
                                              {"Identity", parse_identity},
                                              {"LayerNormalization", parse_layer_normalization},
                                              {"Log", parse_unary},
                                              {"LogSoftmax", parse_softmax},
                                              {"MatMul", parse_matmul},
                                              {"Max", parse_binary},
                                              {"MaxPool", parse_pool},
                                              {"Min", parse_binary},
                                              {"Mul", parse_binary},
                                              {"Neg", parse_unary},
                                              {"Pad", parse_pad},
                                              {"Pow", parse_binary},
                                              {"QuantizeLinear", parse_quantize_linear},
                                              {"Range", parse_range},
                                              {"Reciprocal", parse_unary},
                                              {"ReduceMax", parse_reduce},
                                              {"ReduceMean", parse_reduce},
                                              {"ReduceSum", parse_reduce},
                                              {"Relu", parse_unary},
                                              {"Reshape", parse_reshape},
                                              {"Shape", parse_shape},
                                              {"Sigmoid", parse_unary},
                                              {"Slice", parse_slice},
                                              {"Softmax", parse_softmax},
                                              {"Split", parse_split},
                                              {"Sqrt", parse_unary},
                                              {"Squeeze", parse_squeeze},
                                              {"Sub", parse_binary},
                                              {"Sum", parse_binary},
                                              {"Tanh", parse_unary},
                                              {"Transpose", parse_transpose},
                                              {"Unsqueeze", parse_unsqueeze},
                                              {"Where", parse_where}});

static_assert(std::is_sorted(kParsers.begin(), kParsers.end(),
                             [](const Row& a, const Row& b) { return a.op_type < b.op_type; }));

}  // namespace

Parser find_parser(std::string_view op_type) {
    const auto found =
        std::lower_bound(kParsers.begin(), kParsers.end(), op_type,
                         [](const Row& row, std::string_view text) { return row.op_type < text; });
    return found != kParsers.end() && found->op_type == op_type ? found->parser : nullptr;
}

}  // namespace espalier::formats::onnx
