#include "engine/arena_planner.h"

#include <algorithm>
#include <numeric>

namespace espalier::engine {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

ArenaPlan plan_arena(const std::vector<Lifetime>& blocks) {
    ArenaPlan plan;
    plan.offsets.assign(blocks.size(), 0);
    std::vector<std::size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
    std::vector<std::size_t> placed;  // by offset
    for (const std::size_t block : order) {
        std::size_t offset = 0;
        for (const std::size_t other : placed) {
            if (!meet(blocks[block], blocks[other])) continue;
            if (offset + aligned(blocks[block].bytes) <= plan.offsets[other]) break;
            offset = std::max(offset, plan.offsets[other] + aligned(blocks[other].bytes));
        }
        plan.offsets[block] = offset;
        plan.bytes = std::max(plan.bytes, offset + aligned(blocks[block].bytes));
        const auto position =
            std::lower_bound(placed.begin(), placed.end(), offset,
                             [&](std::size_t other, std::size_t at) { return plan.offsets[other] < at; });
        placed.insert(position, block);
    }
    return plan;
}

}  // namespace espalier::engine
