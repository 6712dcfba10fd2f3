#include "meters/fake/fake_register.h"

#include <cmath>

namespace espalier::meters {

std::uint32_t FakeRegister::at(Seconds time) const {
    const double units = std::floor(plant.energy(last_refresh(time, refresh, phase)) / unit);
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(units));
}

AddedUpRegister::AddedUpRegister(const FakeRegister& hardware, Seconds timer)
    : hardware_(hardware), timer_(timer), looked_(hardware.clock.now()), last_(hardware.at(looked_)) {}

void AddedUpRegister::look(Seconds time) {
    const std::uint32_t now = hardware_.at(time);
    total_ += now - last_;  // modulo 2^32
    last_ = now;
    looked_ = time;
}

std::uint64_t AddedUpRegister::read() {
    const Seconds now = hardware_.clock.now();
    while (timer_ > Seconds(0) && looked_ + timer_ < now) look(looked_ + timer_);
    look(now);
    return total_;
}

}  // namespace espalier::meters
