#include "passes/prune/channels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "graph/learned.h"
#include "passes/prune/masks.h"

namespace espalier::passes {

using namespace graph;

namespace {

using Role = ChannelSlot::Role;

/// Smaller groups are left whole: there is nothing to choose from.
constexpr std::int64_t kLeastChannels = 4;

/// Lanes of the widest vector: products and depthwise kernels take that many channels at once.
constexpr std::int64_t kVectorChannels = 16;

/// Names that a note lists before it says how many more there are.
constexpr std::size_t kNamesInNote = 3;

const Tensor& operand(const Graph& graph, const ChannelSlot& slot) {
    return *graph.constant(graph[slot.node].inputs[slot.input]);
}

/// Squared L2 norm of each slice of a tensor along an axis.
std::vector<double> squared_norms(const Tensor& tensor, int axis) {
    const Tensor values = tensor.to_f32().to_aligned();
    const std::int64_t channels = values.shape()[axis];
    const std::int64_t inner = values.shape().product(axis + 1, values.shape().rank());
    std::vector<double> norms(static_cast<std::size_t>(channels), 0.0);
    std::int64_t at = 0;
    for (const float value : values.span<float>()) {
        norms[static_cast<std::size_t>(at++ / inner % channels)] += static_cast<double>(value) * value;
    }
    return norms;
}

void add(std::vector<double>& sums, const std::vector<double>& terms) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += terms[i];
}

/// E[max(0, z)^2] of z normal with the given mean and deviation.
double mean_square_of_relu(double mean, double deviation) {
    if (deviation <= 0) return mean > 0 ? mean * mean : 0;
    const double t = mean / deviation;
    const double below = 0.5 * std::erfc(-t / std::sqrt(2.0));
    const double density = std::exp(-0.5 * t * t) / std::sqrt(2 * 3.14159265358979323846);
    return (mean * mean + deviation * deviation) * below + mean * deviation * density;
}

/// Mean square of every channel behind batch normalization `id`.
std::vector<double> mean_squares(const Graph& graph, NodeId id) {
    const Tensor gamma = graph.constant(graph[id].inputs[1])->to_f32().to_aligned();
    const Tensor beta = graph.constant(graph[id].inputs[2])->to_f32().to_aligned();
    std::vector<double> squares;
    for (std::size_t c = 0; c < gamma.span<float>().size(); ++c) {
        squares.push_back(mean_square_of_relu(beta.span<float>()[c], std::abs(gamma.span<float>()[c])));
    }
    return squares;
}

/// A tensor with the given slices along an axis.
Tensor cut(const Tensor& tensor, int axis, const std::vector<std::int64_t>& keep) {
    const Shape shape = tensor.shape().with(axis, std::ssize(keep));
    Tensor result = Tensor::allocate(tensor.dtype(), shape);
    const std::size_t bytes =
        size_of(tensor.dtype()) * static_cast<std::size_t>(shape.product(axis + 1, shape.rank()));
    const std::int64_t outer = shape.product(0, axis), channels = tensor.shape()[axis];
    std::byte* to = result.mutable_bytes().data();
    for (std::int64_t i = 0; i < outer; ++i) {
        for (const std::int64_t c : keep) {
            std::memcpy(to, tensor.bytes().data() + static_cast<std::size_t>(i * channels + c) * bytes,
                        bytes);
            to += bytes;
        }
    }
    return result;
}

/// All that is to be cut, by node.
class Cuts {
  public:
    void add(const ChannelGroup& group, std::vector<std::int64_t> keep) {
        kept_.push_back(std::move(keep));
        const std::size_t index = kept_.size() - 1;
        for (const ChannelSlot& slot : group.slots) {
            operands_[{slot.node, slot.input}].push_back({slot.axis, index});
        }
        for (const NodeId id : group.depthwise) depthwise_[id] = std::ssize(kept_[index]);
        for (const auto& stated : group.stated) {
            stated_[{stated.node, stated.entry}] = std::ssize(kept_[index]);
        }
    }

    Graph apply(const Graph& graph) const {
        const std::set<NodeId> whole = used_whole(graph);
        Rewriter rewriter(graph);
        for (int i = 0; i < graph.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (graph.constant(id)) {
                if (whole.contains(id)) rewriter.keep(id);
            } else if (id == graph.input()) {
                rewriter.keep(id);
            } else {
                std::vector<NodeId> inputs;
                for (std::size_t k = 0; k < graph[id].inputs.size(); ++k) {
                    inputs.push_back(operand(rewriter, id, k));
                }
                rewriter.replace(id, rewriter.out().add(op_of(graph, id), std::move(inputs), graph[id].name));
            }
        }
        return rewriter.finish();
    }

    /// What is left of every operand that is cut.
    std::vector<KeptSlices> kept() const {
        std::vector<KeptSlices> all;
        for (const auto& [operand, cuts] : operands_) {
            for (const Cut& one : cuts)
                all.push_back({operand.first, operand.second, one.axis, kept_[one.kept]});
        }
        return all;
    }

  private:
    struct Cut {
        int axis;
        std::size_t kept;
    };

    /// Constants that some operation reads as they are.
    std::set<NodeId> used_whole(const Graph& graph) const {
        std::set<NodeId> whole;
        for (int i = 0; i < graph.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            for (std::size_t k = 0; k < graph[id].inputs.size(); ++k) {
                if (!operands_.contains({id, k})) whole.insert(graph[id].inputs[k]);
            }
        }
        return whole;
    }

    NodeId operand(Rewriter& rewriter, NodeId id, std::size_t input) const {
        const NodeId old = rewriter.from()[id].inputs[input];
        const auto found = operands_.find({id, input});
        if (found == operands_.end()) return rewriter[old];
        Tensor tensor = *rewriter.from().constant(old);
        for (const Cut& one : found->second) tensor = cut(tensor, one.axis, kept_[one.kept]);
        return rewriter.out().add_constant(rewriter.from()[old].name, tensor);
    }

    Op op_of(const Graph& graph, NodeId id) const {
        Op op = graph[id].op;
        if (const auto groups = depthwise_.find(id); groups != depthwise_.end()) {
            std::get<Conv2d>(op).groups = groups->second;
        }
        if (auto* reshape = std::get_if<Reshape>(&op)) {
            for (std::size_t entry = 0; entry < reshape->dims.size(); ++entry) {
                const auto extent = stated_.find({id, entry});
                if (extent != stated_.end()) reshape->dims[entry] = extent->second;
            }
        }
        return op;
    }

    std::vector<std::vector<std::int64_t>> kept_;
    std::map<std::pair<NodeId, std::size_t>, std::vector<Cut>> operands_;
    std::map<NodeId, std::int64_t> depthwise_;
    std::map<std::pair<NodeId, std::size_t>, std::int64_t> stated_;
};

/// "a, b, c and 4 more"
std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesInNote); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    if (names.size() > kNamesInNote) text += fmt::format(" and {} more", names.size() - kNamesInNote);
    return text;
}

void note_whole(const std::vector<WholeChannels>& whole, Change& change) {
    std::map<std::string, std::vector<std::string>> by_reason;
    for (const auto& [name, reason] : whole) by_reason[reason].push_back(name);
    for (const auto& [reason, names] : by_reason) {
        change.notes.push_back(
            fmt::format("channel-pruning leaves the channels of {} layers whole, as {}: {}", names.size(),
                        reason, list_of(names)));
    }
}

}  // namespace

std::int64_t kept_channels(double amount, std::int64_t channels) {
    if (channels < kLeastChannels) return channels;
    std::int64_t multiple = 1;
    while (multiple < kVectorChannels && 16 * multiple <= channels) multiple *= 2;
    const double exact = (1 - amount) * static_cast<double>(channels);
    const std::int64_t kept = std::llrint(exact / static_cast<double>(multiple)) * multiple;
    return std::clamp(kept, multiple, channels);
}

std::vector<double> channel_scores(const Graph& graph, const ChannelGroup& group) {
    const auto channels = static_cast<std::size_t>(group.channels);
    const NodeId maker = group.slots.front().node;
    std::vector<double> made(channels, 0.0), read(channels, 0.0), normalized;
    NodeId last_norm = NodeId::kNone;
    for (const ChannelSlot& slot : group.slots) {
        if (slot.role == Role::kMakes && slot.node == maker) {
            add(made, squared_norms(operand(graph, slot), slot.axis));
        }
        if (slot.role == Role::kReads) add(read, squared_norms(operand(graph, slot), slot.axis));
        if (graph.as<BatchNorm>(slot.node)) last_norm = std::max(last_norm, slot.node);
    }
    if (last_norm != NodeId::kNone) made = mean_squares(graph, last_norm);
    std::vector<double> scores(channels);
    for (std::size_t c = 0; c < channels; ++c) scores[c] = std::sqrt(made[c] * read[c]);
    return scores;
}

std::vector<std::int64_t> best_channels(const std::vector<double>& scores, std::int64_t count) {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
    });
    order.resize(static_cast<std::size_t>(count));
    std::sort(order.begin(), order.end());
    return order;
}

std::vector<std::int64_t> channels_to_keep(const Graph& graph, const ChannelGroup& group, double amount) {
    return best_channels(channel_scores(graph, group), kept_channels(amount, group.channels));
}

Graph prune_channels(const Graph& graph, double amount, Change& change) {
    check_amount(amount);
    const ChannelGroups found = find_channel_groups(graph);
    Cuts cuts;
    std::vector<std::string> names;
    std::int64_t before = 0, after = 0;
    for (const ChannelGroup& group : found.groups) {
        const std::int64_t kept = kept_channels(amount, group.channels);
        before += group.channels;
        after += kept;
        if (kept == group.channels) continue;
        cuts.add(group, channels_to_keep(graph, group, amount));
        names.push_back(fmt::format("{} ({} to {})", group.name, group.channels, kept));
    }
    note_whole(found.whole, change);
    if (names.empty()) return graph;
    Graph result = cuts.apply(graph);
    change.count += static_cast<int>(names.size());
    change.kept = cuts.kept();
    change.removed_parameters += learned_parameters(graph) - learned_parameters(result);
    change.notes.push_back(fmt::format("channel-pruning took {} of {} channels out of {} groups: {}",
                                       before - after, before, names.size(), list_of(names)));
    return result;
}

}  // namespace espalier::passes
