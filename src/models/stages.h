#pragma once

#include "models/config.h"

namespace espalier::models {

/// The first `stages` elements of a list with a value for each stage; a configuration may list more. Throws
/// Error naming the key where there are fewer, be it in the list or in the default `otherwise`.
std::vector<std::int64_t> per_stage(const Config& config, std::string_view key,
                                    std::vector<std::int64_t> otherwise, std::size_t stages,
                                    Limits limits = {});

/// width * ratio, rounded down. Throws Error naming `key`, the ratio's, where nothing is left.
std::int64_t expanded(const Config& config, std::string_view key, std::int64_t width, double ratio);

/// The width of each stage times its element of a list of ratios, from 0 to 64.
std::vector<std::int64_t> expanded_per_stage(const Config& config, std::string_view key,
                                             std::vector<double> otherwise,
                                             const std::vector<std::int64_t>& widths);

/// Throws Error naming `key` unless the width of each stage divides into its number of heads.
void check_heads(const Config& config, std::string_view key, const std::vector<std::int64_t>& widths,
                 const std::vector<std::int64_t>& heads);

}  // namespace espalier::models
