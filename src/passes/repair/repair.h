#pragma once

#include <string>
#include <vector>

#include "passes/observer.h"
#include "passes/pass.h"
#include "passes/repair/repair_sites.h"

namespace espalier::passes {

/// What became of a pruned layer: the squared error of its outputs against those of the whole network's
/// layer, over their variance, on what the repaired layers before it make of the calibration images.
struct RepairedLayer {
    std::string name;
    double error_before = 0;  ///< with the weights and the bias that pruning left
    double error_after = 0;   ///< with those that repair found, before batch normalization is rescaled
};

/// A mended graph, and how well.
struct Repaired {
    graph::Graph graph;
    std::vector<RepairedLayer> layers;  ///< the pruned ones, in execution order
    int stages = 0;                     ///< how many times the images went through both networks
    int biases = 0;                     ///< that were corrected
    int norms = 0;                      ///< whose statistics were corrected
    std::vector<std::string> too_deep;  ///< layers left alone: too many inputs for their matrix
    std::int64_t added_parameters = 0;
};

/// linear(x, w, b)           =>  linear(x, v, b + mean(w x) - mean(v x')), and convolutions likewise
/// norm(conv(x, w), m, s^2)  =>  norm(conv(x, v), mean(v x') - r (mean(w x) - m), (r s)^2),  r^2 = var(v x')
/// / var(w x)
///
/// v is 0 where pruning made w so, and minimizes the squared error of v x' against w x, where x is what the
/// layer of the whole network reads of the images and x' what the repaired network gives it: in one go,
/// without labels or gradients. Batch normalization that does not read a layer alone follows its own input in
/// the same way. As statistics are corrected by what changed, not replaced, nothing happens to what pruning
/// did not reach.
///
/// Layers are mended in their order, each after what it reads. Where that would take too many
/// multiplications, in stages of several: within one, layers behind others are mended as if these gave what
/// those of the whole network do. The result depends on the graphs and the images alone, not on the number of
/// threads.
Repaired repair_layers(const Pruning& pruning, Observer& images);

/// repair_layers() as a pass over the pruned graph: counts the layers that were mended, and says what it did.
graph::Graph repair(const Pruning& pruning, Observer& images, Change& change);

}  // namespace espalier::passes
