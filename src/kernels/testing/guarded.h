#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/random.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace espalier::kernels {

/// Test memory for `count` elements whose address is `misalignment` elements past a 64-byte boundary, between
/// guard bytes that show any write outside of it. Under the address sanitizer, reading past the end fails
/// too.
template <typename T>
class Guarded {
  public:
    explicit Guarded(std::int64_t count, std::int64_t misalignment = 0)
        : bytes_(static_cast<std::size_t>(count) * sizeof(T)) {
        memory_.assign(bytes_ + 2 * kGuard + 64 + static_cast<std::size_t>(misalignment) * sizeof(T),
                       kPattern);
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data()) + kGuard;
        offset_ = kGuard + (64 - address % 64) % 64 + static_cast<std::size_t>(misalignment) * sizeof(T);
        guard(true);
    }
    Guarded(Guarded&&) noexcept = default;
    ~Guarded() { guard(false); }

    T* data() { return reinterpret_cast<T*>(memory_.data() + offset_); }
    const T* data() const { return reinterpret_cast<const T*>(memory_.data() + offset_); }
    std::int64_t size() const { return static_cast<std::int64_t>(bytes_ / sizeof(T)); }
    T& operator[](std::int64_t i) { return data()[i]; }
    const T& operator[](std::int64_t i) const { return data()[i]; }

    /// True while nothing outside of the elements has been written.
    bool intact() const {
        guard(false);
        const bool untouched = pattern_untouched();
        guard(true);
        return untouched;
    }

  private:
    static constexpr std::size_t kGuard = 256;
    static constexpr unsigned char kPattern = 0xa5;

    bool pattern_untouched() const {
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            const bool inside = i >= offset_ && i < offset_ + bytes_;
            if (!inside && memory_[i] != kPattern) return false;
        }
        return true;
    }

    void guard([[maybe_unused]] bool on) const {
#if defined(__SANITIZE_ADDRESS__)
        if (memory_.empty()) return;
        const unsigned char* end = memory_.data() + offset_ + bytes_;
        const std::size_t rest = memory_.size() - offset_ - bytes_;
        if (on) {
            ASAN_POISON_MEMORY_REGION(end, rest);
        } else {
            ASAN_UNPOISON_MEMORY_REGION(end, rest);
        }
#endif
    }

    std::size_t bytes_;
    std::size_t offset_ = 0;
    std::vector<unsigned char> memory_;
};

/// Normal deviates times `scale`.
inline void fill_normal(Guarded<float>& values, Random& random, double scale = 1) {
    for (std::int64_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal() * scale);
}

/// Uniform integers in [low, high].
template <typename T>
void fill_integers(Guarded<T>& values, Random& random, int low, int high) {
    for (std::int64_t i = 0; i < values.size(); ++i) {
        values[i] =
            static_cast<T>(low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))));
    }
}

/// A seeded integer in [low, high].
inline std::int64_t pick(Random& random, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

}  // namespace espalier::kernels
