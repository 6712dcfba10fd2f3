#include "engine/arena_planner.h"

#include <algorithm>
#include <numeric>

namespace espalier::engine {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

/// A part of the arena, and who lies in it one after the other.
struct Zone {
    std::size_t begin;
    std::size_t bytes;
    std::vector<std::size_t> blocks;
};

}  // namespace

ArenaPlan plan_arena(const std::vector<Lifetime>& blocks) {
    ArenaPlan plan;
    plan.offsets.assign(blocks.size(), 0);
    std::vector<std::size_t> order(blocks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
    std::vector<Zone> zones;  // by size, largest first
    for (const std::size_t block : order) {
        const auto is_free = [&](const Zone& zone) {
            return std::none_of(zone.blocks.begin(), zone.blocks.end(),
                                [&](std::size_t other) { return meet(blocks[block], blocks[other]); });
        };
        const std::size_t bytes = aligned(blocks[block].bytes);
        auto zone = std::find_if(zones.begin(), zones.end(), is_free);
        if (zone == zones.end()) {
            zone = zones.insert(zones.end(), {plan.bytes, bytes, {}});
            plan.bytes += bytes;
        }
        zone->blocks.push_back(block);
        plan.offsets[block] = zone->begin + (zone->bytes - bytes) / 2 / kAlignment * kAlignment;
    }
    return plan;
}

}  // namespace espalier::engine
