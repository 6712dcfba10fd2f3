#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "meters/meter.h"
#include "meters/ptdaemon/session.h"

namespace espalier::meters::ptdaemon {

/// How an analyser is set up.
struct Settings {
    Ranges ranges{};     ///< stated by the user; both or none
    Seconds settle{10};  ///< that it needs after a range was changed
};

/// The power that an analyser tells, each value the mean over a second.
class Analyser final : public Meter {
  public:
    /// Sets the ranges and begins to measure. Throws SourceError.
    Analyser(std::string name, std::string place, Session session, Settings settings, Clock& clock);
    /// Gives the analyser its ranges back.
    ~Analyser() override;
    Analyser(const Analyser&) = delete;
    Analyser& operator=(const Analyser&) = delete;

    const Description& description() const override { return description_; }
    Reading read() override;
    void fix_ranges() override;

  private:
    void begin(const char* mark);
    void begin_testing(const Ranges& ranges);
    void check_testing(const Sample& sample);
    void take_samples(Seconds now);
    ZoneReading read_zone();

    Session session_;
    Settings settings_;
    Clock& clock_;
    Ranges found_;    ///< before anything was changed
    Ranges largest_;  ///< of volts and amperes while ranging
    Ranges fixed_;    ///< in testing
    bool testing_ = false;
    std::string failure_;  ///< why ranges could not be fixed
    std::optional<Sample> last_;
    Seconds last_time_;
    Description description_;
};

}  // namespace espalier::meters::ptdaemon
