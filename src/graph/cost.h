#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace espalier::graph {

/// Work of one node. Convention: a multiply-accumulate is 1 MAC and 2 FLOPs; bias adds, norms, activations,
/// softmax, pooling and other elementwise work are `other_ops` (1 per element and arithmetic step named in
/// the op's cost rule) and never silently added to MACs.
struct Cost {
    std::int64_t macs = 0;
    std::int64_t other_ops = 0;
    bool counted = true;  ///< false when the op has no cost rule

    std::int64_t flops() const { return 2 * macs + other_ops; }
    Cost& operator+=(const Cost& other) {
        macs += other.macs;
        other_ops += other.other_ops;
        return *this;
    }
};

class Graph;

/// Complexity of a graph at batch 1.
struct CostReport {
    Cost total;
    std::map<std::string, Cost> by_op;       ///< op name -> work
    std::map<std::string, int> node_counts;  ///< op name -> nodes
    std::vector<std::string> uncounted;      ///< op names without a cost rule
    std::int64_t constants = 0;              ///< elements of all constants: weights, statistics and tables
    std::int64_t zero_weights = 0;  ///< zeros in the matrices and filters that operations multiply by
    std::int64_t weight_bytes = 0;  ///< of all constants
    /// MACs that remain when multiplications by zero weights are left out.
    std::int64_t effective_macs = 0;
    /// Largest sum of live activations over the execution order, in bytes.
    std::int64_t peak_activation_bytes = 0;
};

/// Walks the graph as it would be executed at batch 1.
CostReport cost_of(const Graph& graph);

}  // namespace espalier::graph
