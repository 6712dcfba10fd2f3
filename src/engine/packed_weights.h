#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/operator.h"
#include "formats/tensor_map.h"
#include "kernels/packed_memory.h"

namespace espalier::engine {

/// Bytes of all constants of a graph.
std::int64_t constant_bytes(const graph::Graph& graph);

/// The packed weights of one graph in a file, which a process that starts maps instead of packing them again:
/// nothing is copied, and processes share the memory.
///
/// The file is named by a hash (XXH3, 128 bits) of all that its content depends on: the program, the
/// instruction set, the graph and the elements of its constants. So it is never out of date, processes that
/// write one at the same time write the same, and it is complete when it appears. It holds dense weights
/// alone: sparse kernels index memory by what they packed, which is not for a file to say.
class PackedWeights {
  public:
    /// Files in one folder; the ones used last stay.
    static constexpr std::size_t kMostFiles = 4;

    /// Looks into `folder` for the file of `graph`, whose nodes are to be computed by `products`, reading
    /// every constant once, on all threads. A file that cannot be read is warned of, and passes for none.
    PackedWeights(const std::filesystem::path& folder, const graph::Graph& graph,
                  const LoweringOptions& options, std::span<const std::optional<Product>> products,
                  ThreadPool& pool);
    PackedWeights(const PackedWeights&) = delete;
    PackedWeights& operator=(const PackedWeights&) = delete;
    ~PackedWeights();

    /// Whether there was a file.
    bool found() const { return !stored_.empty(); }

    /// The file, whether it exists or not.
    const std::filesystem::path& path() const { return path_; }

    /// The memory of a node's weights. Threads may ask for different nodes.
    kernels::PackedMemory& of(graph::NodeId node);

    /// Writes the file unless it was found, and removes the oldest beyond kMostFiles. Returns whether it
    /// wrote: not where nothing was packed that can be kept. Throws Error when it cannot be written; then
    /// nothing is left of it.
    bool keep();

  private:
    class Memory;

    void remove_oldest() const;

    std::filesystem::path path_;
    formats::TensorMap stored_;
    std::vector<std::unique_ptr<Memory>> memories_;  ///< by node
};

}  // namespace espalier::engine
