#include "statistics/sign_distribution.h"

#include <numeric>

namespace espalier::statistics {

std::vector<double> sign_distribution(std::span<const std::size_t> ranks) {
    const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
    std::vector<double> probability(total + 1, 0.0);
    probability[0] = 1;
    std::size_t reached = 0;
    for (const std::size_t rank : ranks) {
        reached += rank;
        for (std::size_t sum = reached + 1; sum-- > 0;) {
            probability[sum] = 0.5 * (probability[sum] + (sum >= rank ? probability[sum - rank] : 0.0));
        }
    }
    return probability;
}

}  // namespace espalier::statistics
