#include "meters/wall/meters.h"

#include <fmt/format.h>

namespace espalier::meters::wall {
namespace {

Description describe(std::string name, const Source& source) {
    const Dialect& dialect = source.dialect();
    Description description;
    description.name = std::move(name);
    description.scope = dialect.scope;
    description.tier = dialect.tier;
    description.part = dialect.part;
    description.zones = {{"total", dialect.scope, ZoneRole::kAdded}};
    description.accuracy = dialect.accuracy;
    // Twice as often as the value changes: when it did is then known to half a period.
    description.costly_period = dialect.refresh / 2;
    description.notes = dialect.notes;
    return description;
}

Gap unreadable(const Availability& why) {
    const bool malformed = why.state == State::kBroken || why.state == State::kUnsupported;
    return {malformed ? GapKind::kMalformed : GapKind::kUnreadable, why.reason};
}

}  // namespace

PowerMeter::PowerMeter(std::string name, std::shared_ptr<Source> source) : source_(std::move(source)) {
    const Dialect& dialect = source_->dialect();
    description_ = describe(std::move(name), *source_);
    description_.source = fmt::format("{} at {}, power integrated", dialect.device, source_->base());
    description_.unit = UnitKind::kPower;
    description_.refresh_period = dialect.refresh;
    description_.averaging = dialect.averaging;
    description_.resolution = dialect.power_step.value();
}

Reading PowerMeter::read() {
    const Look& look = source_->look(Reader::kPower);
    return {look.time, {read_zone(look)}};
}

ZoneReading PowerMeter::read_zone(const Look& look) const {
    if (const auto* why = std::get_if<Availability>(&look.answer)) return unreadable(*why);
    const auto& power = std::get<Sample>(look.answer).power;
    if (!power) return Gap{GapKind::kMalformed, fmt::format("{} says no power", source_->base())};
    if (*power < Watts(0) || *power > kMostPower) {
        return Gap{GapKind::kMalformed,
                   fmt::format("{} says {:.1f} W, which no machine draws", source_->base(), power->value())};
    }
    return Value{*power, look.time, look.restarts, look.restart, look.half_trip};
}

RegisterMeter::RegisterMeter(std::string name, std::shared_ptr<Source> source)
    : source_(std::move(source)), counter_({std::nullopt, kMostPower, source_->dialect().register_refresh}) {
    const Dialect& dialect = source_->dialect();
    description_ = describe(std::move(name), *source_);
    description_.source = fmt::format("{} at {}, energy register", dialect.device, source_->base());
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.refresh_period = dialect.register_refresh;
    description_.resolution = dialect.register_step.value();
}

Reading RegisterMeter::read() {
    const Look& look = source_->look(Reader::kRegister);
    return {look.time, {read_zone(look)}};
}

ZoneReading RegisterMeter::read_zone(const Look& look) {
    if (const auto* why = std::get_if<Availability>(&look.answer))
        return counter_.interrupt(unreadable(*why));
    const auto& energy = std::get<Sample>(look.answer).energy;
    if (!energy)
        return counter_.interrupt({GapKind::kMalformed, fmt::format("{} says no energy", source_->base())});
    if (look.restarts != restarts_) {
        restarts_ = look.restarts;
        counter_.interrupt({GapKind::kImpossibleStep, look.restart});
    }
    ZoneReading reading = counter_.accept(*energy, look.time);
    if (auto* value = std::get_if<Value>(&reading)) value->time_error = look.half_trip;
    return reading;
}

}  // namespace espalier::meters::wall
