#include "imports/counter.h"

#include <fmt/format.h>

#include <iterator>

namespace espalier::imports {
namespace {

/// 2^32 units of 2^-16, 2^-15, 2^-14 and 2^-13 J: where RAPL's registers wrap.
constexpr double kRangesJ[] = {65536.0, 131072.0, 262144.0, 524288.0};

/// No package draws more; a step that would need more is no wrap of this range.
constexpr double kMostWatts = 1000.0;

}  // namespace

/// The smallest usual range with which the step from the last reading to this one has a possible power.
std::optional<double> Counter::range_after(double seconds, double joules) const {
    if (width_ != Width::k32Bits || !(seconds > 0.0)) return std::nullopt;
    for (const double range : kRangesJ) {
        if (last_ < range && (range - last_ + joules) / seconds <= kMostWatts) return range;
    }
    return std::nullopt;
}

Counter::Step Counter::read(double time_s, double joules) {
    Step step = Step::kRose;
    if (readings_ > 0) {
        double rise = joules - last_;
        if (rise < 0.0) {
            const auto range = range_after(time_s - time_s_, joules);
            step = range ? Step::kWrapped : Step::kFell;
            wraps_ += range ? 1 : 0;
            rise += range.value_or(0.0);
            if (!range && fell_.empty())
                fell_ = fmt::format("the counter fell from {:.6g} to {:.6g} J", last_, joules);
        }
        total_ += rise;
    }
    ++readings_;
    time_s_ = time_s;
    last_ = joules;
    return step;
}

std::optional<double> Counter::joules() const {
    return problem().empty() ? std::optional(total_) : std::nullopt;
}

std::string Counter::problem() const {
    if (readings_ < 2) return "fewer than two readings of the counter";
    return fell_;
}

}  // namespace espalier::imports
