#pragma once

#include <cstdint>

#include "base/clock.h"
#include "meters/fake/plant.h"

namespace espalier::meters {

/// An energy register of 32 bits that samples a plant on a clock.
struct FakeRegister {
    const Plant& plant;
    const Clock& clock;
    Joules unit{1.0 / 16384};
    Seconds refresh{0.001};
    Seconds phase{};

    /// What it shows at `time`, in units.
    std::uint32_t at(Seconds time) const;
};

/// What a driver adds up from such a register in 64 bits. It looks at each read and, where it has a timer,
/// each time that expires; more than one wrap between two looks is lost, as in the kernel.
class AddedUpRegister {
  public:
    /// `timer` 0: it looks at reads only.
    AddedUpRegister(const FakeRegister& hardware, Seconds timer);

    /// In units of the register, since the first look at construction.
    std::uint64_t read();

  private:
    void look(Seconds time);

    FakeRegister hardware_;
    Seconds timer_;
    Seconds looked_;
    std::uint32_t last_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace espalier::meters
