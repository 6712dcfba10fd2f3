#include "models/hiera_sizes.h"

#include <cmath>

#include "base/error.h"

namespace espalier::models {

Pixels divided(Pixels x, Pixels by) { return {x.height / by.height, x.width / by.width}; }

bool divides(Pixels by, Pixels x) { return x.height % by.height == 0 && x.width % by.width == 0; }

std::int64_t area(Pixels x) { return x.height * x.width; }

namespace {

std::int64_t scaled_width(const Config& config, double width, std::string_view factor) {
    if (!(width >= 1 && width <= 1 << 18))
        config.wrong(factor, "a factor that gives layers a width from 1 to 262144");
    return static_cast<std::int64_t>(width);
}

/// Lists with an element for each stage.
struct Lists {
    std::vector<std::int64_t> depths, heads;
    std::vector<bool> in_units;
};

Lists read_lists(const Config& config) {
    Lists lists{.depths = config.integers("depths", {2, 3, 16, 3}, {1, 256}, {1, 8}),
                .heads = config.integers("num_heads", {1, 2, 4, 8}),
                .in_units = config.flags("masked_unit_attention", {true, true, false, false})};
    const std::size_t stages = lists.depths.size();
    const std::string enough =
        fmt::format("a list of at least as many elements as depths, which has {}", stages);
    if (lists.heads.size() < stages) config.wrong("num_heads", enough);
    if (lists.in_units.size() < stages) config.wrong("masked_unit_attention", enough);
    return lists;
}

/// Edges of a mask unit at each stage: every stage but the first divides them, whether it pools or not.
std::vector<Pixels> read_units(const Config& config, Pixels pooling, std::size_t stages) {
    std::vector<Pixels> units{config.pixels("masked_unit_size", 8)};
    while (units.size() < stages) {
        if (!divides(pooling, units.back())) {
            config.wrong("masked_unit_size", fmt::format("{} times divisible by query_stride", stages - 1));
        }
        units.push_back(divided(units.back(), pooling));
    }
    return units;
}

/// Width of each stage's layers: the first times a power of the multiplier, cut off.
std::vector<std::int64_t> read_widths(const Config& config, const Lists& lists) {
    const auto first = static_cast<double>(config.integer("embed_dim", 96));
    const double growth = config.number("embed_dim_multiplier", 2, 0, 1e3);
    std::vector<std::int64_t> widths;
    for (std::size_t i = 0; i < lists.depths.size(); ++i) {
        const double width = first * std::pow(growth, static_cast<double>(i));
        widths.push_back(scaled_width(config, width, "embed_dim_multiplier"));
        if (widths[i] % lists.heads[i] != 0) {
            config.wrong("num_heads", fmt::format("divisors of the stages' widths, and {} is none of {}",
                                                  lists.heads[i], widths[i]));
        }
    }
    return widths;
}

/// How many stages behind the first pool queries. Only layers that change the width can pool the tokens they
/// add to.
std::size_t read_poolings(const Config& config, Pixels pooling, const std::vector<std::int64_t>& widths) {
    const auto poolings = static_cast<std::size_t>(config.integer("num_query_pool", 3, {0, 7}));
    if (poolings >= widths.size()) {
        config.wrong("num_query_pool", fmt::format("less than the number of depths, {}", widths.size()));
    }
    for (std::size_t i = 1; i <= poolings && area(pooling) > 1; ++i) {
        if (widths[i] != widths[i - 1]) continue;
        config.wrong("embed_dim_multiplier", "a factor that changes the width where queries are pooled");
    }
    return poolings;
}

std::vector<HieraStage> read_stages(const Config& config, Pixels pooling) {
    const Lists lists = read_lists(config);
    const auto widths = read_widths(config, lists);
    const auto poolings = read_poolings(config, pooling, widths);
    const auto units = read_units(config, pooling, widths.size());
    const double ratio = config.number("mlp_ratio", 4, 0, 1e3);
    std::vector<HieraStage> stages;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        // The first layer pools tokens that are still units of the stage before.
        stages.push_back({.depth = lists.depths[i],
                          .width = widths[i],
                          .hidden = scaled_width(config, static_cast<double>(widths[i]) * ratio, "mlp_ratio"),
                          .heads = lists.heads[i],
                          .pool = i > 0 && i <= poolings ? area(pooling) : 1,
                          .unit = area(units[i]),
                          .first_in_units = lists.in_units[i] || lists.in_units[i == 0 ? 0 : i - 1],
                          .rest_in_units = lists.in_units[i]});
    }
    return stages;
}

}  // namespace

Hiera read_hiera(const Config& config) {
    const auto pad = config.integers("patch_padding", {3, 3}, {0, 8192}, {2, 2});
    const Pixels pooling = config.pixels("query_stride", 2);
    return {.stages = read_stages(config, pooling),
            .image = config.pixels("image_size", 224),
            .patch = config.pixels("patch_size", 7),
            .stride = config.pixels("patch_stride", 4),
            .pad = {pad[0], pad[1]},
            .pooling = pooling,
            .eps = config.number("layer_norm_eps", 1e-6, 0, 1),
            .activation = config.text("hidden_act", "gelu")};
}

}  // namespace espalier::models
