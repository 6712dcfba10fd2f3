#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/random.h"

namespace espalier::kernels {

/// Floats for tests, off alignment by `shift` floats, between guards that show whether a kernel wrote
/// outside. Everything the kernel must not touch holds one bit pattern.
class GuardedBuffer {
  public:
    explicit GuardedBuffer(std::int64_t count, std::int64_t shift = 0)
        : begin_(static_cast<std::size_t>(kGuard + shift)),
          count_(static_cast<std::size_t>(count)),
          memory_(begin_ + count_ + kGuard, guard()) {}

    float* data() { return memory_.data() + begin_; }
    std::span<float> span() { return {data(), count_}; }

    void fill(Random& random) {
        for (float& x : span()) x = static_cast<float>(random.uniform() * 2 - 1);
    }

    static bool untouched(float x) {
        const float expected = guard();
        return std::memcmp(&x, &expected, sizeof x) == 0;
    }

    /// True when nothing before or after the span was written.
    bool intact() const {
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            if ((i < begin_ || i >= begin_ + count_) && !untouched(memory_[i])) return false;
        }
        return true;
    }

  private:
    static constexpr std::size_t kGuard = 64;
    static float guard() { return -1.25e30f; }

    std::size_t begin_;
    std::size_t count_;
    std::vector<float> memory_;
};

}  // namespace espalier::kernels
