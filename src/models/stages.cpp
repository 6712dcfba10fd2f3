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

std::int64_t expanded(const Config& config, std::string_view key, std::int64_t width, double ratio) {
    const auto result = static_cast<std::int64_t>(static_cast<double>(width) * ratio);
    if (result < 1) config.wrong(key, fmt::format("enough to leave at least one of {} channels", width));
    return result;
}

std::vector<std::int64_t> expanded_per_stage(const Config& config, std::string_view key,
                                             std::vector<double> otherwise,
                                             const std::vector<std::int64_t>& widths) {
    const auto ratios =
        first_of(config, key, config.numbers(key, std::move(otherwise), 0, 64), widths.size());
    std::vector<std::int64_t> result;
    for (std::size_t stage = 0; stage < widths.size(); ++stage)
        result.push_back(expanded(config, key, widths[stage], ratios[stage]));
    return result;
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
