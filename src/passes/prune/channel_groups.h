#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace espalier::passes {

/// A constant operand that has the channels of a group along one of its axes.
struct ChannelSlot {
    enum class Role : std::uint8_t {
        kMakes,    ///< weights or bias that compute the channels
        kFollows,  ///< a scale, shift or filter of each channel on its own
        kReads,    ///< weights that sum over the channels
    };
    graph::NodeId node;
    std::size_t input;
    int axis;
    Role role;
};

/// Channels that can be taken out of a model together: all that makes, follows and reads them.
struct ChannelGroup {
    std::string name;           ///< of the first operation that makes them
    std::int64_t channels = 0;  ///< how many there are
    std::vector<ChannelSlot> slots;
    std::vector<graph::NodeId> depthwise;  ///< convolutions with as many groups as there are channels
    /// A Reshape and the entry of its dims that states the number of channels.
    struct StatedExtent {
        graph::NodeId node;
        std::size_t entry;
    };
    std::vector<StatedExtent> stated;
};

/// An operation whose channels must stay, and why.
struct WholeChannels {
    std::string name;
    std::string reason;
};

struct ChannelGroups {
    std::vector<ChannelGroup> groups;
    std::vector<WholeChannels> whole;
};

/// The groups of channels of a graph before compilation, found by walking from every convolution of one group
/// and every linear layer with constant weights through operations that keep channels apart (normalization
/// by constants, activations, pooling over pixels, depthwise convolutions, products with a gate) to those
/// that sum over them. Where the walk meets anything else (a sum with another branch, a concatenation, a
/// reshape that mixes channels, the logits), the channels are left whole.
ChannelGroups find_channel_groups(const graph::Graph& graph);

}  // namespace espalier::passes
