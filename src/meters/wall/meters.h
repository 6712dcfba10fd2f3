#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meters/counter.h"
#include "meters/meter.h"
#include "meters/wall/source.h"

namespace espalier::meters::wall {

/// The power of a device, integrated over time. A power below 0 or above kMostPower is a gap; so is an answer
/// without power.
class PowerMeter final : public Meter {
  public:
    PowerMeter(std::string name, std::shared_ptr<Source> source);

    const Description& description() const override { return description_; }
    Reading read() override;
    std::vector<Figure> figures() const override { return source_->figures(); }

  private:
    ZoneReading read_zone(const Look& look) const;

    std::shared_ptr<Source> source_;
    Description description_;
};

/// The energy register of a device. That it falls, e.g. because it was reset, is a gap; a restart of the
/// device interrupts the window.
class RegisterMeter final : public Meter {
  public:
    RegisterMeter(std::string name, std::shared_ptr<Source> source);

    const Description& description() const override { return description_; }
    Reading read() override;
    std::vector<Figure> figures() const override { return source_->figures(); }

  private:
    ZoneReading read_zone(const Look& look);

    std::shared_ptr<Source> source_;
    CounterAccumulator counter_;
    std::uint64_t restarts_ = 0;
    Description description_;
};

/// Three phases of 63 A at 230 V; no more passes a house's connection.
inline constexpr Watts kMostPower{43'470};

}  // namespace espalier::meters::wall
