#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace espalier::formats::onnx {

/// The parts of onnx.proto that are written. What an import reads stands in proto.h; an export needs less of
/// it, and functions besides.

/// Inside a function: what its caller gives under `name`.
struct FromCaller {
    enum Type { kInt = 2, kInts = 7 };  ///< AttributeProto.AttributeType
    std::string name;
    Type type;
};

using AttributeValue = std::variant<std::int64_t, float, std::vector<std::int64_t>, Tensor, FromCaller>;
using Attribute = std::pair<std::string, AttributeValue>;
using Attributes = std::vector<Attribute>;

/// A NodeProto with one output, named as it.
struct Operation {
    std::string op_type;
    std::vector<std::string> inputs;  ///< "" where an optional input is absent
    std::string output;
    Attributes attributes;
    std::string domain;  ///< "" for ONNX's own
};

/// A FunctionProto: an operation that ONNX lacks, spelled out in those it has. A runtime that does not know
/// the name executes the body.
struct Function {
    std::string name;
    std::vector<std::string> inputs;
    std::vector<std::string> attributes;
    std::vector<Operation> body;  ///< the last one gives the output
};

/// A ModelProto of one image input and one output of logits, both with an open batch.
struct ModelFile {
    std::string input;
    Shape input_shape;
    std::string output;
    Shape output_shape;
    std::vector<Operation> operations;  ///< in execution order
    std::vector<std::pair<std::string, Tensor>> initializers;
    std::vector<const Function*> functions;
    std::string producer;
    std::map<std::string, std::string> metadata;
};

/// The domain of our functions, and its version. A change of what a function computes is a new version.
inline constexpr const char* kFunctionDomain = "espalier";
inline constexpr std::int64_t kFunctionVersion = 1;

}  // namespace espalier::formats::onnx
