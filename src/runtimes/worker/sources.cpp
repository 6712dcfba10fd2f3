#include "runtimes/worker/sources.h"

#include <array>

namespace espalier::runtimes {
namespace {

constexpr std::array kSources = {
    WorkerSource{"pytorch", "torch and transformers (timm for its models)", pytorch_worker},
    WorkerSource{"onnxruntime", "onnxruntime and onnx", onnxruntime_worker},
    WorkerSource{"openvino", "openvino (nncf for int8)", openvino_worker},
};

}  // namespace

std::string WorkerSource::text() const { return std::string(worker_base()) + "\n" + std::string(own()); }

std::span<const WorkerSource> worker_sources() { return kSources; }

}  // namespace espalier::runtimes
