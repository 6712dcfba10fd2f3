#pragma once

#include <span>
#include <string>
#include <string_view>

namespace espalier::runtimes {

/// A worker that the program brings along (workers/), in Python.
struct WorkerSource {
    std::string_view runtime;
    std::string_view needs;                        ///< libraries, for people
    std::span<const std::string_view> modules;     ///< that its Python must find
    std::span<std::string_view (*const)()> parts;  ///< of its program, in order

    /// The whole program.
    std::string text() const;
};

/// To add one: its file in workers/, a row in cmake/workers.cmake and one in sources.cpp.
std::span<const WorkerSource> worker_sources();

/// The files themselves, put in by the build.
std::string_view worker_base();
std::string_view torch_graph();
std::string_view pytorch_worker();
std::string_view onnxruntime_worker();
std::string_view openvino_worker();

}  // namespace espalier::runtimes
