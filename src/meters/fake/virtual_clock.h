#pragma once

#include <mutex>

#include "base/clock.h"

namespace espalier::meters {

/// A clock that moves only when told to, or when somebody sleeps on it. Safe to use from several threads.
class VirtualClock final : public Clock {
  public:
    explicit VirtualClock(Seconds start = Seconds(0)) : now_(start) {}

    Seconds now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void sleep(Seconds duration) override { advance(duration); }
    void advance(Seconds duration) {
        const std::lock_guard lock(mutex_);
        now_ += duration;
    }

  private:
    mutable std::mutex mutex_;
    Seconds now_;
};

}  // namespace espalier::meters
