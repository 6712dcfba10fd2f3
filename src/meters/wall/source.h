#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "meters/availability.h"
#include "meters/named/http_access.h"
#include "meters/wall/dialect.h"

namespace espalier::meters::wall {

/// What came of asking a device.
struct Look {
    Seconds time;       ///< the middle of the round trip, on the meter's clock
    Seconds half_trip;  ///< so `time` is known to +- this
    std::variant<Sample, Availability> answer;
    std::uint64_t restarts = 0;  ///< of the device since the first look
    std::string restart;         ///< what showed the last of them; empty where there was none
};

/// Who looks at a device; each look is shown once to everybody.
enum class Reader { kPower, kRegister };

/// A device that several meters read. One question serves all of them, when they ask together.
class Source {
  public:
    /// Seconds since 1970, to compare the device's clock with.
    using WallTime = std::function<Seconds()>;

    Source(Dialect dialect, HttpAccess access, const Clock& clock, WallTime wall_time);

    const Dialect& dialect() const { return dialect_; }
    const std::string& base() const { return access_.base(); }
    const Look& look(Reader reader);
    /// Round trips, restarts, and how the device's clock stands to that of this machine at first and at last.
    std::vector<Figure> figures() const;

  private:
    void ask();
    void fail(Availability why);
    void notice_restart(const Sample& sample);
    void notice_clock(const Sample& sample);
    void check_fresh(const Sample& sample);
    void check_register(const Sample& sample);

    Dialect dialect_;
    HttpAccess access_;
    const Clock& clock_;
    WallTime wall_time_;
    Look look_;
    Seconds answered_;
    std::uint64_t asked_ = 0;
    std::array<std::uint64_t, 2> seen_{};

    Seconds longest_trip_;
    Seconds all_trips_;
    std::optional<Seconds> uptime_;
    std::optional<Seconds> first_offset_;
    std::optional<Seconds> last_offset_;
    std::string last_answer_;  ///< value and stamp
    Seconds changed_;          ///< when they last did
    std::optional<Joules> register_;
    Joules drawn_;  ///< since the register last moved
    Seconds drawn_until_;
};

/// Seconds since 1970 by the clock of this machine.
Seconds system_time();

}  // namespace espalier::meters::wall
