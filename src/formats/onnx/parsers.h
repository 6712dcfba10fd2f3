#pragma once

#include <string_view>

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// Translates one node; see parse_*.cpp.
using Parser = void (*)(Call& call);

/// The parser of an op_type of a domain ("": ONNX itself), or nullptr.
Parser find_parser(std::string_view domain, std::string_view op_type);

/// The parser of a function that this program writes, or nullptr.
Parser find_function_parser(std::string_view name);

void parse_batch_normalization(Call& call);
void parse_binary(Call& call);
void parse_cast(Call& call);
void parse_clip(Call& call);
void parse_compare(Call& call);
void parse_concat(Call& call);
void parse_constant(Call& call);
void parse_constant_of_shape(Call& call);
void parse_conv(Call& call);
void parse_depth_to_space(Call& call);
void parse_dequantize_linear(Call& call);
void parse_dynamic_quantize_linear(Call& call);
void parse_einsum(Call& call);
void parse_expand(Call& call);
void parse_flatten(Call& call);
void parse_gather(Call& call);
void parse_gather_nd(Call& call);
void parse_gelu(Call& call);
void parse_gemm(Call& call);
void parse_global_pool(Call& call);
void parse_group_normalization(Call& call);
void parse_hard_sigmoid(Call& call);
void parse_identity(Call& call);
void parse_instance_normalization(Call& call);
void parse_integer_product(Call& call);
void parse_layer_normalization(Call& call);
void parse_leaky_relu(Call& call);
void parse_logic(Call& call);
void parse_matmul(Call& call);
void parse_mod(Call& call);
void parse_pad(Call& call);
void parse_pool(Call& call);
void parse_qgemm(Call& call);
void parse_qlinear_average_pool(Call& call);
void parse_qlinear_binary(Call& call);
void parse_qlinear_concat(Call& call);
void parse_qlinear_conv(Call& call);
void parse_qlinear_global_pool(Call& call);
void parse_qlinear_matmul(Call& call);
void parse_qlinear_unary(Call& call);
void parse_quantize_linear(Call& call);
void parse_range(Call& call);
void parse_reduce(Call& call);
void parse_reshape(Call& call);
void parse_shape(Call& call);
void parse_resize(Call& call);
void parse_rounding(Call& call);
void parse_scatter_nd(Call& call);
void parse_slice(Call& call);
void parse_softmax(Call& call);
void parse_space_to_depth(Call& call);
void parse_split(Call& call);
void parse_squeeze(Call& call);
void parse_transpose(Call& call);
void parse_unary(Call& call);
void parse_unsqueeze(Call& call);
void parse_where(Call& call);

}  // namespace espalier::formats::onnx
