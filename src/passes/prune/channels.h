#pragma once

#include <cstdint>
#include <vector>

#include "passes/pass.h"
#include "passes/prune/channel_groups.h"

namespace espalier::passes {

/// w_make[o, ...], w_read[..., o]  =>  w_make[keep[o], ...], w_read[..., keep[o]]  for every group of
/// channels (channel_groups.h): about the fraction `amount` in [0, 1) of each group's channels leaves the
/// model, and all that belonged to them. The result computes what the model would whose readers' weights of
/// those channels are 0.
///
/// The channels with the least score go: score = expected magnitude of the channel x L2 norm of the weights
/// that read it. The magnitude is the root mean square behind the last batch normalization of the group,
/// taken as normal with its beta and gamma and cut by a ReLU; without one, the L2 norm of the weights that
/// make the channel. As many stay as fill whole vectors: a multiple of 16, or of the largest power of two
/// that is at most an eighth of the channels where that is less.
graph::Graph prune_channels(const graph::Graph& graph, double amount, Change& change);

/// How many of `channels` stay for an amount: all of fewer than 4.
std::int64_t kept_channels(double amount, std::int64_t channels);

/// The channels of a group that stay for an amount, in order.
std::vector<std::int64_t> channels_to_keep(const graph::Graph& graph, const ChannelGroup& group,
                                           double amount);

/// Score of every channel of a group.
std::vector<double> channel_scores(const graph::Graph& graph, const ChannelGroup& group);

/// The `count` channels of highest score, in order of their number; of equal scores those that come first.
std::vector<std::int64_t> best_channels(const std::vector<double>& scores, std::int64_t count);

}  // namespace espalier::passes
