#include "runtimes/worker/sources.h"

#include <array>

namespace espalier::runtimes {
namespace {

using Part = std::string_view (*)();

constexpr Part kPyTorch[] = {worker_base, torch_graph, pytorch_worker};
constexpr Part kOnnxRuntime[] = {worker_base, onnxruntime_worker};
constexpr Part kOpenVino[] = {worker_base, openvino_worker};

constexpr std::string_view kPyTorchModules[] = {"torch", "transformers"};
constexpr std::string_view kOnnxRuntimeModules[] = {"onnxruntime", "onnx"};
constexpr std::string_view kOpenVinoModules[] = {"openvino"};

constexpr std::array kSources = {
    WorkerSource{"pytorch", "torch and transformers (timm for its models)", kPyTorchModules, kPyTorch},
    WorkerSource{"onnxruntime", "onnxruntime and onnx", kOnnxRuntimeModules, kOnnxRuntime},
    WorkerSource{"openvino", "openvino (nncf for int8)", kOpenVinoModules, kOpenVino},
};

}  // namespace

std::string WorkerSource::text() const {
    std::string whole;
    for (const Part part : parts) {
        whole += part();
        whole += '\n';
    }
    return whole;
}

std::span<const WorkerSource> worker_sources() { return kSources; }

}  // namespace espalier::runtimes
