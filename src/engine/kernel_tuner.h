#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/operator.h"

namespace espalier::engine {

/// What was measured of a layer: the least seconds of each way, by its name; "estimated" is that of the
/// estimate.
struct TunedLayer {
    std::string chosen;
    std::map<std::string, double> seconds;
};

/// Which ways to compute a layer's products were fastest on this processor, by layer, kept in a file for each
/// kind of processor.
///
/// Layers for which there is one way, or that are in the file, cost nothing. Others are measured: each way
/// some times in turns, with weights from memory as in a network, and the least time counts. Another way than
/// the estimated one must be faster by 3 %.
class KernelTuner {
  public:
    /// Reads what is known from `folder`. A file that cannot be read is warned of, and passes for none.
    explicit KernelTuner(const std::filesystem::path& folder);

    /// The way for each node of a graph; nothing where the estimate is right, or nobody has a choice. The
    /// graph's batch is one image. Throws Error as lower() does.
    std::vector<std::optional<Product>> choose(const graph::Graph& graph, const LoweringOptions& options,
                                               ThreadPool& pool);

    /// Layers that choose() found in the file or measured, and those it measured.
    int known() const { return known_; }
    int measured() const { return measured_; }

    /// Writes what was measured to the file, with what others wrote since. Throws Error when it cannot be
    /// written.
    void save() const;

  private:
    using Layers = std::map<std::string, TunedLayer>;

    Layers read() const;

    std::filesystem::path path_;
    Layers layers_;
    int known_ = 0;
    int measured_ = 0;
};

}  // namespace espalier::engine
