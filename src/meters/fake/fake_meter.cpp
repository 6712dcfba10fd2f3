#include "meters/fake/fake_meter.h"

#include <cmath>

#include "base/error.h"

namespace espalier::meters {
namespace {

Joules round_down(Joules energy, Joules step) {
    if (step <= Joules(0)) return energy;
    return step * std::floor(energy / step);
}

}  // namespace

FakeMeter::FakeMeter(const Plant& plant, const Clock& clock, FakeOptions options)
    : plant_(plant),
      clock_(clock),
      options_(std::move(options)),
      counter_({options_.range, options_.max_power, options_.refresh_period}) {
    if (options_.unit != UnitKind::kCumulativeEnergy && options_.unit != UnitKind::kPower) {
        fail("a fake meter gives energy or power, not {}", name(options_.unit));
    }
    description_.name = "fake";
    description_.source = "scripted plant";
    description_.scope = options_.zone;
    description_.tier = options_.tier;
    description_.unit = options_.unit;
    description_.zones = {{options_.zone, options_.zone, ZoneRole::kAdded}};
    description_.refresh_period = options_.refresh_period;
    description_.resolution = options_.resolution.value();
    description_.costly_period = options_.costly_period;
    description_.least_window = options_.least_window;
    description_.longest_gap =
        CounterLimits{options_.range, options_.max_power, options_.refresh_period}.longest_gap();
    description_.notes = {"not a measurement: the numbers are scripted"};
}

Reading FakeMeter::read() {
    const Seconds time = clock_.now();
    return {time, {read_zone(time)}};
}

ZoneReading FakeMeter::read_zone(Seconds time) {
    const std::size_t number = reads_++;
    if (removed_ || failing_.count(number) > 0) {
        return counter_.interrupt(
            {GapKind::kUnreadable, removed_ ? "the fake source was removed" : "scripted failure"});
    }
    const Seconds refreshed = last_refresh(time, options_.refresh_period, options_.phase);
    if (options_.unit == UnitKind::kPower) return Value{plant_.power(refreshed), time, 0, ""};
    Joules raw = round_down(plant_.energy(refreshed), options_.resolution);
    if (options_.range) raw = Joules(std::fmod(raw.value(), options_.range->value()));
    return counter_.accept(raw, time);
}

}  // namespace espalier::meters
