#include <algorithm>

#include "passes/fuse/fuse.h"

namespace espalier::passes {

using namespace graph;

namespace {

bool is_empty(const Pad& pad) {
    const auto zero = [](std::int64_t n) { return n == 0; };
    return std::all_of(pad.before.begin(), pad.before.end(), zero) &&
           std::all_of(pad.after.begin(), pad.after.end(), zero);
}

/// True when only the two image axes of a 4-D tensor are padded, and with zeros.
bool pads_image_with_zeros(const Pad& pad, Layout layout) {
    if (pad.before.size() != 4 || pad.value != 0) return false;
    const std::size_t channel = layout == Layout::kNchw ? 1 : 3;
    return pad.before[0] == 0 && pad.after[0] == 0 && pad.before[channel] == 0 && pad.after[channel] == 0;
}

}  // namespace

Graph fold_pad(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (const auto* pad = graph.as<Pad>(id); pad && is_empty(*pad)) {
            rewriter.replace(id, rewriter[graph[id].inputs[0]]);
            ++change.count;
            continue;
        }
        const auto* conv = graph.as<Conv2d>(id);
        const auto* pad = conv ? graph.as<Pad>(graph[id].inputs[0]) : nullptr;
        if (!pad || !pads_image_with_zeros(*pad, conv->layout)) {
            rewriter.keep(id);
            continue;
        }
        const std::size_t h = conv->layout == Layout::kNchw ? 2 : 1;
        Conv2d padded = *conv;
        padded.pad[0] += pad->before[h];
        padded.pad[1] += pad->before[h + 1];
        padded.pad[2] += pad->after[h];
        padded.pad[3] += pad->after[h + 1];
        std::vector<NodeId> inputs{rewriter[graph[graph[id].inputs[0]].inputs[0]]};
        for (std::size_t k = 1; k < graph[id].inputs.size(); ++k)
            inputs.push_back(rewriter[graph[id].inputs[k]]);
        rewriter.replace(id, rewriter.out().add(padded, std::move(inputs), graph[id].name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
