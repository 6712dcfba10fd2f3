#pragma once

#include <memory>
#include <optional>

#include "meters/command/program.h"
#include "meters/counter.h"
#include "meters/meter.h"
#include "meters/named/stated.h"

namespace espalier::meters::command {

/// The numbers of a program as power or as an energy counter, in the unit that the user states.
class CommandMeter final : public Meter {
  public:
    CommandMeter(std::string name, std::string source, Stated about, Seconds refresh_period,
                 std::unique_ptr<Program> program, const Clock& clock);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    ZoneReading read_zone(const std::variant<Said, Gap>& said, Seconds now);

    Stated about_;
    std::unique_ptr<Program> program_;
    const Clock& clock_;
    CounterAccumulator counter_;
    Description description_;
};

}  // namespace espalier::meters::command
