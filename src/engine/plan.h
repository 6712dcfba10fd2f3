#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/fusion.h"
#include "engine/operator.h"

namespace espalier::engine {

/// One operator with its operands in place.
struct Step {
    const Operator* op;
    graph::NodeId node;
    Operands operands;
};

/// How values lie in memory between operators.
enum class Carried {
    kAsWanted,  ///< in row codes for those who take them, not at all within a Fusion; which changes no result
    kAsFloats,  ///< all of them, so that they can be looked at: nothing is fused
};

/// A graph laid out in memory for one batch size: steps in order, and the arena their activations share.
class Plan {
  public:
    /// `operators[i]` executes node i; null for inputs, constants and reshapes. Chains are executed by the
    /// operators of `fusions` instead, each as a step of its last node. Operators, those of fusions too,
    /// outlive the plan.
    Plan(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
         std::span<const Fusion> fusions = {}, Carried carried = Carried::kAsWanted);

    /// Executes all steps. `input` has the elements of the plan's input and stays as it is; `output` has room
    /// for those of its output.
    void run(const float* input, float* output, ThreadPool& pool);

    /// run(), calling `after` with each step when it is done.
    void run(const float* input, float* output, ThreadPool& pool,
             const std::function<void(const Step&)>& after);

    std::size_t arena_bytes() const { return arena_bytes_; }
    const std::vector<Step>& steps() const { return steps_; }
    const graph::Graph& graph() const { return graph_; }

  private:
    /// In which forms the readers of a node's value want it.
    struct Forms {
        bool floats = false;
        bool codes = false;
    };

    void choose_operators(const std::vector<std::unique_ptr<Operator>>& operators,
                          std::span<const Fusion> fusions);
    std::vector<Forms> forms_wanted(Carried carried) const;
    /// Whether a view of a value has the same rows, along its last axis.
    bool has_rows_of(graph::NodeId value, graph::NodeId view) const;
    void place_activations(const std::vector<Forms>& forms);
    View view_of(graph::NodeId id) const;
    void make_steps();
    void point_input_at(const float* input);
    void copy_result(float* output) const;

    graph::Graph graph_;
    std::vector<const Operator*> operators_;          ///< node -> what executes it, or null
    std::vector<std::vector<graph::NodeId>> inputs_;  ///< node -> what its step reads; nothing without a step
    std::vector<std::byte*> data_;   ///< node -> its elements; null for the input and views of it
    std::vector<std::byte*> codes_;  ///< node -> its row codes, or null
    std::vector<Tensor> constants_;  ///< node -> its constant, aligned for its element type
    Tensor arena_;
    std::size_t arena_bytes_ = 0;
    std::vector<Step> steps_;
    std::vector<std::byte**> input_pointers_;  ///< operands that read the input
    std::vector<bool> is_input_;               ///< node is the input or a view of it
};

}  // namespace espalier::engine
