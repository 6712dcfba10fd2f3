#include "lab/design.h"

#include <numeric>
#include <span>

#include "base/error.h"
#include "base/random.h"

namespace espalier::lab {

std::vector<Cell> make_design(int variants, int blocks, std::uint64_t seed) {
    if (variants < 1 || blocks < 1)
        fail_usage("a design needs variants and blocks; got {} and {}", variants, blocks);
    Random random(seed);
    std::vector<int> order(static_cast<std::size_t>(variants));
    std::vector<Cell> cells;
    cells.reserve(order.size() * static_cast<std::size_t>(blocks));
    for (int block = 0; block < blocks; ++block) {
        std::iota(order.begin(), order.end(), 0);
        random.shuffle(std::span(order));
        for (int position = 0; position < variants; ++position) {
            cells.push_back({block, position, order[static_cast<std::size_t>(position)]});
        }
    }
    return cells;
}

}  // namespace espalier::lab
