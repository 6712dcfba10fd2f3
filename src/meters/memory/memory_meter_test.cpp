#include "meters/memory/memory_meter.h"

#include <gtest/gtest.h>

#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

TEST(MemoryMeter, ReadsPeakAndResident) {
    FakeFiles files;
    VirtualClock clock;
    files.set("proc/self/status", "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n");
    MemoryMeter meter(files, clock);
    const std::vector<Reading> edges = {meter.read(), meter.read()};
    const auto window = measure(meter.description(), edges);
    EXPECT_EQ(std::get<Bytes>(*window.amount("peak")).value, 2 << 20);
    EXPECT_EQ(std::get<Bytes>(*window.amount("resident")).value, 1 << 20);
    EXPECT_FALSE(window.energy);
}

TEST(MemoryMeter, AMissingLineIsAGap) {
    FakeFiles files;
    VirtualClock clock;
    files.set("proc/self/status", "VmRSS:\t    1024 kB\n");
    MemoryMeter meter(files, clock);
    const Reading reading = meter.read();
    EXPECT_TRUE(std::holds_alternative<Value>(reading.zones[0]));
    EXPECT_EQ(std::get<Gap>(reading.zones[1]).kind, GapKind::kMalformed);
}

TEST(Kibibytes, RefusesNonsense) {
    EXPECT_FALSE(kibibytes_of("A: -1 kB", "A"));
    EXPECT_FALSE(kibibytes_of("A: 99999999999999999999 kB", "A"));
    EXPECT_FALSE(kibibytes_of("AB: 1 kB", "A"));
}

}  // namespace
}  // namespace espalier::meters
