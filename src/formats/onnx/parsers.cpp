#include "formats/onnx/parsers.h"

#include <algorithm>
#include <array>
#include <span>

namespace espalier::formats::onnx {
namespace {

struct Row {
    std::string_view op_type;
    Parser parser;
};

/// Every op of the default domain that is supported, in alphabetical order.
constexpr auto kParsers = std::to_array<Row>({{"Abs", parse_unary},
                                              {"Add", parse_binary},
                                              {"And", parse_logic},
                                              {"AveragePool", parse_pool},
                                              {"BatchNormalization", parse_batch_normalization},
                                              {"Cast", parse_cast},
                                              {"Ceil", parse_rounding},
                                              {"Clip", parse_clip},
                                              {"Concat", parse_concat},
                                              {"Constant", parse_constant},
                                              {"ConstantOfShape", parse_constant_of_shape},
                                              {"Conv", parse_conv},
                                              {"ConvInteger", parse_integer_product},
                                              {"DepthToSpace", parse_depth_to_space},
                                              {"DequantizeLinear", parse_dequantize_linear},
                                              {"Div", parse_binary},
                                              {"Dropout", parse_identity},
                                              {"DynamicQuantizeLinear", parse_dynamic_quantize_linear},
                                              {"Einsum", parse_einsum},
                                              {"Equal", parse_compare},
                                              {"Erf", parse_unary},
                                              {"Exp", parse_unary},
                                              {"Expand", parse_expand},
                                              {"Flatten", parse_flatten},
                                              {"Floor", parse_rounding},
                                              {"Gather", parse_gather},
                                              {"GatherND", parse_gather_nd},
                                              {"Gelu", parse_gelu},
                                              {"Gemm", parse_gemm},
                                              {"GlobalAveragePool", parse_global_pool},
                                              {"GlobalMaxPool", parse_global_pool},
                                              {"Greater", parse_compare},
                                              {"GreaterOrEqual", parse_compare},
                                              {"GroupNormalization", parse_group_normalization},
                                              {"HardSigmoid", parse_hard_sigmoid},
                                              {"HardSwish", parse_unary},
                                              {"Identity", parse_identity},
                                              {"InstanceNormalization", parse_instance_normalization},
                                              {"LayerNormalization", parse_layer_normalization},
                                              {"LeakyRelu", parse_leaky_relu},
                                              {"Less", parse_compare},
                                              {"LessOrEqual", parse_compare},
                                              {"Log", parse_unary},
                                              {"LogSoftmax", parse_softmax},
                                              {"MatMul", parse_matmul},
                                              {"MatMulInteger", parse_integer_product},
                                              {"Max", parse_binary},
                                              {"MaxPool", parse_pool},
                                              {"Min", parse_binary},
                                              {"Mod", parse_mod},
                                              {"Mul", parse_binary},
                                              {"Neg", parse_unary},
                                              {"Not", parse_logic},
                                              {"Or", parse_logic},
                                              {"Pad", parse_pad},
                                              {"Pow", parse_binary},
                                              {"QLinearConv", parse_qlinear_conv},
                                              {"QLinearMatMul", parse_qlinear_matmul},
                                              {"QuantizeLinear", parse_quantize_linear},
                                              {"Range", parse_range},
                                              {"Reciprocal", parse_unary},
                                              {"ReduceL2", parse_reduce},
                                              {"ReduceMax", parse_reduce},
                                              {"ReduceMean", parse_reduce},
                                              {"ReduceSum", parse_reduce},
                                              {"Relu", parse_unary},
                                              {"Reshape", parse_reshape},
                                              {"Resize", parse_resize},
                                              {"Round", parse_rounding},
                                              {"ScatterND", parse_scatter_nd},
                                              {"Shape", parse_shape},
                                              {"Sigmoid", parse_unary},
                                              {"Sign", parse_rounding},
                                              {"Slice", parse_slice},
                                              {"Softmax", parse_softmax},
                                              {"SpaceToDepth", parse_space_to_depth},
                                              {"Split", parse_split},
                                              {"Sqrt", parse_unary},
                                              {"Squeeze", parse_squeeze},
                                              {"Sub", parse_binary},
                                              {"Sum", parse_binary},
                                              {"Tanh", parse_unary},
                                              {"Transpose", parse_transpose},
                                              {"Unsqueeze", parse_unsqueeze},
                                              {"Where", parse_where},
                                              {"Xor", parse_logic}});

/// The same for the domain com.microsoft, in which ONNX Runtime's quantization writes.
constexpr auto kMicrosoftParsers =
    std::to_array<Row>({{"DequantizeLinear", parse_dequantize_linear},
                        {"Gelu", parse_gelu},
                        {"QGemm", parse_qgemm},
                        {"QLinearAdd", parse_qlinear_binary},
                        {"QLinearAveragePool", parse_qlinear_average_pool},
                        {"QLinearConcat", parse_qlinear_concat},
                        {"QLinearGlobalAveragePool", parse_qlinear_global_pool},
                        {"QLinearMul", parse_qlinear_binary},
                        {"QLinearSigmoid", parse_qlinear_unary},
                        {"QLinearSoftmax", parse_qlinear_unary},
                        {"QuantizeLinear", parse_quantize_linear}});

constexpr bool in_order(std::span<const Row> rows) {
    return std::is_sorted(rows.begin(), rows.end(),
                          [](const Row& a, const Row& b) { return a.op_type < b.op_type; });
}
static_assert(in_order(kParsers) && in_order(kMicrosoftParsers));

Parser find(std::span<const Row> rows, std::string_view op_type) {
    const auto found =
        std::lower_bound(rows.begin(), rows.end(), op_type,
                         [](const Row& row, std::string_view text) { return row.op_type < text; });
    return found != rows.end() && found->op_type == op_type ? found->parser : nullptr;
}

}  // namespace

Parser find_parser(std::string_view domain, std::string_view op_type) {
    if (domain.empty() || domain == "ai.onnx") return find(kParsers, op_type);
    return domain == "com.microsoft" ? find(kMicrosoftParsers, op_type) : nullptr;
}

}  // namespace espalier::formats::onnx
