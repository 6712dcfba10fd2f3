#pragma once

#include <map>
#include <memory>

#include "base/mapped_file.h"
#include "formats/onnx/proto.h"
#include "formats/onnx/wire.h"

namespace espalier::formats::onnx {

/// State of reading one file: where the bytes come from and how much has been taken.
class ProtoReader {
  public:
    ProtoReader(std::filesystem::path path, std::shared_ptr<const MappedFile> file)
        : path_(std::move(path)), file_(std::move(file)) {}

    ModelProto model(WireReader reader);
    TensorProto tensor(WireReader reader);

  private:
    GraphProto graph(WireReader reader);
    FunctionProto function(WireReader reader);
    NodeProto node(WireReader reader);
    AttributeProto attribute(WireReader reader);
    ValueInfoProto value_info(WireReader reader);

    struct RawTensor;
    Tensor external(const RawTensor& raw, DType dtype, const Shape& shape);

    /// Counts a message. A file of millions of tiny messages would take far more memory than its size.
    void count_message(const WireReader& reader);

    std::filesystem::path path_;
    std::shared_ptr<const MappedFile> file_;
    std::map<std::string, std::shared_ptr<const MappedFile>> external_files_;
    int messages_ = 0;
    int depth_ = 0;  ///< of graphs within attributes of graphs
};

}  // namespace espalier::formats::onnx
