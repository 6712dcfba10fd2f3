#include "lab/control_workload.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace espalier::lab {
namespace {

constexpr std::int64_t kNumbers = 4096;  ///< of a thread: 16 KiB, half of the smallest first-level cache
constexpr int kRounds = 4000;            ///< some milliseconds on processors of the last ten years

/// Converges to 2 from anywhere, so that no round is faster for denormal or infinite numbers.
void work(std::span<float> numbers) {
    for (int round = 0; round < kRounds; ++round) {
        for (float& x : numbers) x = 0.75F * x + 0.5F;
    }
}

}  // namespace

ControlWorkload::ControlWorkload(int threads) : pool_(threads) {}

void ControlWorkload::load() { numbers_.assign(static_cast<std::size_t>(kNumbers * pool_.threads()), 0.0F); }

std::int64_t ControlWorkload::call(std::int64_t) {
    std::fill(numbers_.begin(), numbers_.end(), 1.0F);
    pool_.parallel_for(pool_.threads(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        work(std::span(numbers_).subspan(static_cast<std::size_t>(begin * kNumbers),
                                         static_cast<std::size_t>((end - begin) * kNumbers)));
    });
    checksum_ = std::accumulate(numbers_.begin(), numbers_.end(), 0.0);
    return 1;
}

void ControlWorkload::unload() { numbers_ = {}; }

}  // namespace espalier::lab
