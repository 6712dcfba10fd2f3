#include "base/clock.h"

#include <cerrno>
#include <cmath>
#include <ctime>

namespace espalier {

Seconds MonotonicClock::now() const {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec));
}

void MonotonicClock::sleep(Seconds duration) {
    if (duration <= Seconds(0)) return;
    timespec rest{};
    rest.tv_sec = static_cast<time_t>(std::floor(duration.value()));
    rest.tv_nsec = static_cast<long>(1e9 * (duration.value() - std::floor(duration.value())));
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR) {
    }
}

}  // namespace espalier
