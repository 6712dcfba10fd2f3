#include "formats/onnx/node_order.h"

#include <string_view>
#include <unordered_map>

namespace espalier::formats::onnx {
namespace {

/// A node that is being placed, and the next of its inputs to look at.
struct Visit {
    std::size_t node;
    std::size_t input = 0;
};

}  // namespace

std::vector<const NodeProto*> in_order(std::span<const NodeProto> nodes) {
    std::unordered_map<std::string_view, std::size_t> producers;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const std::string& output : nodes[i].outputs) producers.emplace(output, i);
    }
    std::vector<bool> seen(nodes.size(), false);
    std::vector<const NodeProto*> order;
    std::vector<Visit> stack;  // not the machine's, which a long chain would overflow
    for (std::size_t first = 0; first < nodes.size(); ++first) {
        if (seen[first]) continue;
        seen[first] = true;
        stack.push_back({first});
        while (!stack.empty()) {
            Visit& top = stack.back();
            if (top.input == nodes[top.node].inputs.size()) {
                order.push_back(&nodes[top.node]);
                stack.pop_back();
                continue;
            }
            const auto producer = producers.find(nodes[top.node].inputs[top.input++]);
            if (producer == producers.end() || seen[producer->second]) continue;
            seen[producer->second] = true;
            stack.push_back({producer->second});
        }
    }
    return order;
}

}  // namespace espalier::formats::onnx
