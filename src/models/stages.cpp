#include "models/stages.h"

#include "base/error.h"

namespace espalier::models {
namespace {

template <typename T>
std::vector<T> first_of(const Config& config, std::string_view key, std::vector<T> list, std::size_t stages) {
    if (list.size() < stages) {
        config.wrong(key, fmt::format("a list with an element for each of the {} stages", stages));
    }
    list.resize(stages);
    return list;
}

}  // namespace

std::vector<std::int64_t> per_stage(const Config& config, std::string_view key,
                                    std::vector<std::int64_t> otherwise, std::size_t stages, Limits limits) {
    return first_of(config, key, config.integers(key, std::move(otherwise), limits), stages);
}

std::vector<double> ratios_per_stage(const Config& config, std::string_view key,
                                     std::vector<double> otherwise, std::size_t stages) {
    return first_of(config, key, config.numbers(key, std::move(otherwise), 0, 64), stages);
}

void check_heads(const Config& config, std::string_view key, const std::vector<std::int64_t>& widths,
                 const std::vector<std::int64_t>& heads) {
    for (std::size_t stage = 0; stage < widths.size(); ++stage) {
        if (widths[stage] % heads[stage] == 0) continue;
        config.wrong(key, fmt::format("a divisor of hidden_sizes in each stage, of {} in stage {}",
                                      widths[stage], stage));
    }
}

}  // namespace espalier::models
