#include "meters/command/meter.h"

#include <fmt/format.h>

#include "meters/wall/meters.h"

namespace espalier::meters::command {

CommandMeter::CommandMeter(std::string name, std::string source, Stated about, Seconds refresh_period,
                           std::unique_ptr<Program> program, const Clock& clock)
    : about_(std::move(about)),
      program_(std::move(program)),
      clock_(clock),
      counter_({std::nullopt, wall::kMostPower, refresh_period}) {
    description_.name = std::move(name);
    description_.source = std::move(source);
    description_.scope = about_.scope;
    description_.tier = about_.tier;
    description_.part = about_.part;
    description_.unit = about_.unit.kind;
    description_.zones = {{"total", about_.scope, ZoneRole::kAdded}};
    description_.refresh_period = refresh_period;
    description_.averaging = about_.averaging;
    description_.accuracy = about_.accuracy;
    // Machines and their parts always draw: a counter that rested shows that its window was too short.
    description_.always_draws = about_.unit.kind == UnitKind::kCumulativeEnergy;
    description_.costly_period = refresh_period / 2;
    description_.notes = about_.notes;
}

Reading CommandMeter::read() {
    const auto said = program_->ask();
    const Seconds now = clock_.now();
    const Said* value = std::get_if<Said>(&said);
    return {value == nullptr ? now : now - value->time_error, {read_zone(said, now)}};
}

ZoneReading CommandMeter::read_zone(const std::variant<Said, Gap>& said, Seconds now) {
    if (const Gap* gap = std::get_if<Gap>(&said)) return counter_.interrupt(*gap);
    const auto& [number, when, time_error] = std::get<Said>(said);
    const double value = number * about_.unit.factor;
    // A line holds until the next one: its age is part of the refresh period, as that of a sensor's value is.
    const Seconds time = now - time_error;
    if (about_.unit.kind == UnitKind::kPower) {
        if (value < 0 || Watts(value) > wall::kMostPower)
            return counter_.interrupt(
                {GapKind::kMalformed,
                 fmt::format("the program says {:.1f} W, which no machine draws", value)});
        return Value{Watts(value), time, 0, "", time_error};
    }
    ZoneReading reading = counter_.accept(Joules(value), time);
    if (auto* counted = std::get_if<Value>(&reading)) counted->time_error = time_error;
    return reading;
}

}  // namespace espalier::meters::command
