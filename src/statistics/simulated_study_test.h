#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "statistics/repetitions.h"

/// Invented samples for tests, and studies whose truth is known.
namespace espalier::statistics::testing {

/// Values of blocks 0, 1, ...
inline Repetitions sample(const std::vector<double>& values) {
    std::vector<BlockValue> blocks;
    for (const double value : values) blocks.push_back({static_cast<std::int64_t>(blocks.size()), value});
    return Repetitions(blocks);
}

inline std::vector<Repetitions> samples(const std::vector<std::vector<double>>& values) {
    std::vector<Repetitions> result;
    for (const auto& one : values) result.push_back(sample(one));
    return result;
}

/// Noise of a simulated study, as a share of the value.
struct Noise {
    std::string name;
    bool log_normal;
    double drift;  ///< autoregressive, common to the runs of a block
    double own;    ///< of each run
};

inline const std::vector<Noise>& noises() {
    static const std::vector<Noise> list = {{"normal", false, 0, 0.02},
                                            {"log-normal", true, 0, 0.3},
                                            {"drift", true, 0.02, 0.02},
                                            {"mostly drift", true, 0.02, 0.005}};
    return list;
}

/// A study of one variant for each ratio, whose level is 10 times that; element t holds variant t.
inline std::vector<Repetitions> simulate(Random& random, const Noise& noise,
                                         const std::vector<double>& ratios, std::size_t blocks) {
    std::vector<std::vector<double>> values(ratios.size());
    double drift = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
        drift = 0.5 * drift + noise.drift * random.normal();
        for (std::size_t t = 0; t < ratios.size(); ++t) {
            const double e = noise.own * random.normal();
            values[t].push_back(10 * ratios[t] * (noise.log_normal ? std::exp(drift + e) : 1 + e));
        }
    }
    return samples(values);
}

}  // namespace espalier::statistics::testing
