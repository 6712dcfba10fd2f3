#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "engine/schedule.h"

namespace espalier::engine {

/// Where packed weights are looked for, and put by keep_packed_weights().
struct PackedFiles {
    std::filesystem::path folder;  ///< empty: nowhere
    /// Graphs with fewer bytes of constants are packed in the time that a file takes to be found.
    std::int64_t least_bytes = std::int64_t{32} << 20;
};

struct SessionOptions {
    int threads = 1;
    LoweringOptions lowering;
    PackedFiles packed;
    /// Where the fastest kernels are known from, and kept when they are measured (engine/kernel_tuner.h);
    /// empty: they are estimated.
    std::filesystem::path tuned_kernels;
};

/// What the engine made of a graph: the evidence of which kernels run.
struct Execution {
    int steps = 0;                             ///< operators that are executed
    std::vector<std::string> kernels;          ///< distinct, sorted
    std::map<std::string, std::int64_t> macs;  ///< per image, by Operator::mac_class()
    std::int64_t effective_macs = 0;           ///< of these, what is left where kernels skip zero weights
    std::int64_t weight_bytes = 0;             ///< packed weights in memory
    int tuned_layers = 0;                      ///< whose kernel was chosen by measurement
    bool weights_mapped = false;               ///< they lie in a file that was found, and were not packed
    std::int64_t arena_bytes = 0;              ///< activation memory held, for every thread and batch size
    Schedule schedule;                         ///< how the last batch went through
};

/// Time of one step of a profiled run, for one part of the batch.
struct StepTime {
    std::string node;
    std::string op;
    std::string kernel;
    double seconds = 0;
    std::int64_t macs = 0;  ///< multiply-accumulates of all images of the part
};

/// A graph made ready to run: layout chosen, kernels chosen, weights packed, memory planned. One thread at a
/// time may call it; its own pool spreads the work.
class Session {
  public:
    /// Takes any verified graph. Throws Error naming the node for which there is no kernel. Weights are given
    /// back as they are packed: where nobody else holds the graph they are never in memory twice.
    Session(graph::Graph graph, const SessionOptions& options);
    ~Session();
    Session(Session&&) noexcept;

    /// f32 [n, C, H, W] -> f32 [n, classes]. Plans memory the first time it sees a batch size.
    /// Throws Error when the shape is not the model's.
    Tensor run(const Tensor& input);

    /// run(), calling `after` with each operation when it is done, and with its value, valid during the call.
    /// The batch stays whole.
    Tensor run(const Tensor& input, const std::function<void(const graph::Node&, const View&)>& after);

    /// Plans the memory of batches of `images` >= 1 now rather than at the first run.
    void plan(std::int64_t images);

    /// Chooses the schedule of this batch size, and of all others, by measuring: a few runs. Without it every
    /// image is a part. Throws Error as run() does.
    void tune(const Tensor& input);

    /// Runs the first part of the batch as it would be run among the others, with the time of each step.
    std::vector<StepTime> profile(const Tensor& input);

    Execution execution() const;

    /// Keeps the packed weights in a file of the options' folder (engine/packed_weights.h), unless they came
    /// from there or would gain nothing. Returns the file where it was written. Throws Error when it cannot
    /// be.
    std::optional<std::filesystem::path> keep_packed_weights();

    /// The graph as it is executed, without the elements of packed weights.
    const graph::Graph& graph() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace espalier::engine
