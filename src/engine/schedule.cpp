#include "engine/schedule.h"

#include <fmt/core.h>

#include <algorithm>

namespace espalier::engine {

std::string Schedule::str() const {
    return fmt::format("parts of {} image{}, {}", part, part == 1 ? "" : "s",
                       own_parts ? "a thread each" : "all threads on one");
}

bool computes_images_apart(const graph::Graph& graph) {
    for (int i = 0; i < graph.size(); ++i) {
        const auto* linear = graph.as<graph::QuantizedLinear>(static_cast<graph::NodeId>(i));
        if (linear && linear->scheme == graph::QuantScheme::kTorch) return false;
    }
    return true;
}

std::vector<std::int64_t> part_sizes(std::int64_t n, int threads) {
    constexpr std::int64_t kFew = 4, kMost = 32;
    std::vector<std::int64_t> sizes{1};
    const std::int64_t share = (n + threads - 1) / threads;
    for (const std::int64_t size : {kFew, share, n}) {
        if (size > sizes.back() && size <= std::min(n, kMost)) sizes.push_back(size);
    }
    return sizes;
}

}  // namespace espalier::engine
