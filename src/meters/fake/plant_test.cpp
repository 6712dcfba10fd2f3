#include "meters/fake/plant.h"

#include <gtest/gtest.h>

#include <memory>

#include "meters/fake/fake_register.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

/// Energy is the integral of power: the midpoint rule over pieces so short that all jumps fall between them.
TEST(Plant, EnergyIsTheIntegralOfPower) {
    const std::unique_ptr<Plant> plants[] = {
        std::make_unique<ConstantPlant>(Watts(42)),
        std::make_unique<SquarePlant>(Watts(20), Watts(100), Seconds(1.5)),
        std::make_unique<RampPlant>(Watts(10), 0.5),
        std::make_unique<SpikePlant>(Watts(5), Watts(300), Seconds(2), Seconds(0.25)),
        std::make_unique<PrbsPlant>(Watts(30), Watts(90), Seconds(0.5))};
    for (const auto& plant : plants) {
        const Seconds step(1.0 / 64);
        Joules sum;
        for (int i = 0; i < 64 * 100; ++i) {
            const Seconds start = step * i;
            sum += plant->power(start + step / 2) * step;
            ASSERT_NEAR(plant->energy(start + step).value(), sum.value(), 1e-6) << i;
        }
    }
}

TEST(Plant, TheBinarySequenceIsBalancedAndRepeats) {
    const PrbsPlant plant(Watts(0), Watts(1), Seconds(1));
    EXPECT_DOUBLE_EQ(plant.energy(Seconds(127)).value(), 64);
    EXPECT_DOUBLE_EQ(plant.energy(Seconds(254)).value(), 128);
    EXPECT_EQ(plant.power(Seconds(3.5)), plant.power(Seconds(130.5)));
}

TEST(AddedUpRegister, LosesAWrapOnlyWhereNobodyLooked) {
    const ConstantPlant plant(Watts(1000));
    VirtualClock clock;
    const FakeRegister hardware{plant, clock, Joules(1.0 / 65536)};  // restarts after 65.5 s
    AddedUpRegister lazy(hardware, Seconds(0));
    AddedUpRegister watchful(hardware, Seconds(50));
    clock.advance(Seconds(100));
    EXPECT_EQ(watchful.read(), 65536ULL * 100000);
    EXPECT_EQ(lazy.read(), 65536ULL * 100000 - 4294967296);
}

}  // namespace
}  // namespace espalier::meters
