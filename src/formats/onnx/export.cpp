#include "formats/onnx/export.h"

#include "base/file.h"
#include "base/mapped_file.h"
#include "formats/onnx/wire.h"
#include "formats/onnx/write/model_writer.h"
#include "formats/onnx/write/serialize.h"

namespace espalier::formats {

namespace fs = std::filesystem;
using namespace onnx;

namespace {

std::size_t weight_bytes(const ModelFile& model) {
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : model.initializers) bytes += tensor.size_bytes();
    return bytes;
}

/// Removes a file that this process made, unless keep() was called.
class Rollback {
  public:
    explicit Rollback(fs::path path) : path_(std::move(path)) {}
    Rollback(const Rollback&) = delete;
    Rollback& operator=(const Rollback&) = delete;
    ~Rollback() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove(path_, ignored);
    }
    void keep() { path_.clear(); }

  private:
    fs::path path_;
};

void write_with_data(const ModelFile& model, const fs::path& path) {
    const fs::path data = path.string() + ".data";
    ExternalData external{data.filename().string(), {}};
    const Message message = serialize(model, &external);
    Rollback rollback(fs::exists(data) ? fs::path() : data);
    write_file_atomically(data, external.pieces);
    write_file_atomically(path, message.pieces());
    rollback.keep();
}

}  // namespace

void export_onnx(const graph::Graph& graph, const fs::path& path, const OnnxExportOptions& options) {
    const graph::Graph live = graph::without_dead_nodes(graph);
    ModelFile model = ModelWriter(live).write();
    model.producer = kOnnxProducer;
    model.metadata = options.metadata;
    if (weight_bytes(model) > options.most_inline_bytes) return write_with_data(model, path);
    write_file_atomically(path, serialize(model, nullptr).pieces());
}

std::string onnx_producer(const fs::path& path) {
    try {
        const auto file = MappedFile::open(path);
        const std::string source = path.string();
        for (WireReader reader(file->bytes(), source); reader.next();) {
            if (reader.field() == 2) return reader.text();
        }
    } catch (const Error&) {
        return "";
    }
    return "";
}

}  // namespace espalier::formats
