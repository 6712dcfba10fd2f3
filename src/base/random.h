#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace espalier {

/// A seeded pseudo-random generator whose sequence is the same on every platform:
/// xoshiro256** (Blackman & Vigna 2018, public domain specification), seeded by SplitMix64.
class Random {
  public:
    static constexpr const char* kName = "xoshiro256**";

    explicit Random(std::uint64_t seed);

    std::uint64_t next();

    /// Uniform integer in [0, bound), without modulo bias. bound must be positive.
    std::uint64_t below(std::uint64_t bound);

    /// Uniform double in [0, 1) with 53 random bits.
    double uniform();

    /// Standard normal deviate (polar method).
    double normal();

    /// Fisher-Yates shuffle.
    template <typename T>
    void shuffle(std::span<T> items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace espalier
