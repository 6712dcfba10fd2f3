#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace espalier::formats::onnx {

/// The parts of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto3) that a classifier needs. Field names
/// follow it.

/// TensorProto.DataType of the element types that are supported.
std::optional<DType> dtype_of(std::int64_t data_type);

struct TensorProto {
    std::string name;
    Tensor value;
};

struct GraphProto;

struct AttributeProto {
    std::string name;
    float f = 0;
    std::int64_t i = 0;
    std::string s;
    std::optional<Tensor> t;
    std::vector<float> floats;
    std::vector<std::int64_t> ints;
    std::shared_ptr<const GraphProto> g;  ///< a branch of an If; never null in attributes of that type
    std::string ref_attr_name;            ///< in a function: the attribute of the caller that stands here
};

struct NodeProto {
    std::string name;
    std::string op_type;
    std::string domain;
    std::vector<std::string> inputs;  ///< "" where an optional input is absent
    std::vector<std::string> outputs;
    std::map<std::string, AttributeProto, std::less<>> attributes;
};

/// One extent of a declared shape: a number, or open (-1).
using DeclaredShape = std::vector<std::int64_t>;

struct ValueInfoProto {
    std::string name;
    std::int64_t elem_type = 0;
    std::optional<DeclaredShape> shape;
};

struct GraphProto {
    std::vector<NodeProto> nodes;
    std::vector<TensorProto> initializers;
    std::vector<ValueInfoProto> inputs;
    std::vector<ValueInfoProto> outputs;
};

/// A part of a model under a name, which nodes of that domain and op_type stand for.
struct FunctionProto {
    std::string name;
    std::string domain;
    std::int64_t opset = 0;  ///< of the default domain; 0 where it is not declared
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::vector<NodeProto> nodes;
    std::vector<AttributeProto> defaults;  ///< of attributes that a caller may leave out
};

struct ModelProto {
    std::int64_t opset = 0;  ///< of the default domain
    GraphProto graph;
    std::vector<FunctionProto> functions;
};

/// Reads an ONNX file. Raw tensor data are views of the mapped file; external data must lie in files below
/// its folder. Throws Error naming the file and the tensor or node for anything malformed, oversized or
/// unsupported.
ModelProto read_model(const std::filesystem::path& path);

}  // namespace espalier::formats::onnx
