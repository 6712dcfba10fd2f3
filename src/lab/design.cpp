#include "lab/design.h"

#include <algorithm>
#include <map>
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

std::vector<int> choose_images(const std::vector<int>& labels, int count, std::uint64_t seed) {
    std::vector<int> chosen(labels.size());
    std::iota(chosen.begin(), chosen.end(), 0);
    if (count <= 0 || static_cast<std::size_t>(count) >= labels.size()) return chosen;
    std::map<int, std::vector<int>> by_class;
    for (const int image : chosen) by_class[labels[static_cast<std::size_t>(image)]].push_back(image);
    Random random(seed);
    std::vector<int> classes;
    for (auto& [label, images] : by_class) {
        random.shuffle(std::span(images));
        classes.push_back(label);
    }
    // Which classes get the remainder of an uneven round is drawn too.
    random.shuffle(std::span(classes));
    chosen.clear();
    for (std::size_t round = 0; chosen.size() < static_cast<std::size_t>(count); ++round) {
        for (const int label : classes) {
            const auto& images = by_class[label];
            if (round < images.size() && chosen.size() < static_cast<std::size_t>(count))
                chosen.push_back(images[round]);
        }
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace espalier::lab
