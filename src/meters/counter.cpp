#include "meters/counter.h"

#include <fmt/core.h>

#include <utility>

namespace espalier::meters {

std::optional<Seconds> CounterLimits::wrap_time() const {
    if (!range) return std::nullopt;
    return *range / max_power;
}

std::optional<Seconds> CounterLimits::longest_gap() const {
    if (!range) return std::nullopt;
    return Seconds(wrap_time()->value() / 4);
}

void CounterAccumulator::break_continuity(std::string reason) {
    ++continuity_;
    interruption_ = std::move(reason);
}

Gap CounterAccumulator::interrupt(Gap gap) {
    break_continuity(gap.reason);
    return gap;
}

ZoneReading CounterAccumulator::accept(Joules raw, Seconds time) {
    if (!last_) {
        last_ = raw;
        last_time_ = time;
        moved_ = time;
        return Value{total_, time, continuity_, interruption_};
    }
    if (raw != *last_) moved_ = time;
    if (limits_.longest_rest && time - moved_ > *limits_.longest_rest) {
        last_time_ = time;
        return interrupt(
            {GapKind::kFrozen,
             fmt::format("the counter has not moved for {:.2f} s, although power is always drawn",
                         (time - moved_).value())});
    }
    const Seconds elapsed = time - last_time_;
    const bool wrapped = raw < *last_;
    const bool wraps_lost = limits_.range && elapsed > *limits_.wrap_time();
    Joules step = raw - *last_;
    if (wrapped && limits_.range && !limits_.adds_wraps) step += *limits_.range;
    const Joules previous = *last_;
    last_ = raw;
    last_time_ = time;
    if (wraps_lost) {
        break_continuity(
            fmt::format("the counter was not read for {:.0f} s; after {:.0f} s wraps may be lost",
                        elapsed.value(), limits_.wrap_time()->value()));
        return Value{total_, time, continuity_, interruption_};
    }
    if (step < Joules(0) || step > limits_.max_power * (elapsed + limits_.refresh_period)) {
        return interrupt(
            {GapKind::kImpossibleStep,
             fmt::format("the counter went from {:.6f} J to {:.6f} J within {:.3f} s, more than "
                         "{:.0f} W can explain",
                         previous.value(), raw.value(), elapsed.value(), limits_.max_power.value())});
    }
    total_ += step;
    return Value{total_, time, continuity_, interruption_};
}

}  // namespace espalier::meters
