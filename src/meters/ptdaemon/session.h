#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "net/line_connection.h"

namespace espalier::meters::ptdaemon {

/// The analyser's ranges. An automatic range, or one that is not known, is nothing.
struct Ranges {
    std::optional<double> amps;
    std::optional<double> volts;
};

/// Mean values over one interval.
struct Sample {
    double watts = 0.0;
    double volts = 0.0;
    double amps = 0.0;
};

/// Reads "Time,...,Watts,1,Volts,230,Amps,2,PF,0.9,...". Throws SourceError where one of the three is missing
/// or no number; PTDaemon shows -1 for what the analyser did not tell.
Sample parse_sample(const std::string& line);

/// The dialogue with PTDaemon: commands and answers are lines. The commands and the form of "Ranges" and of
/// samples are those of MLCommons' published client; of "Uncertainty" the fields after the word are taken to
/// be shares: mean, least, largest. Every trouble is a SourceError, and then ends the session: an answer that
/// comes late must not be taken for that of the next command.
class Session {
  public:
    /// Connects, greets, and asks which analyser there is.
    Session(const std::string& host, int port);

    /// E.g. "Yokogawa,WT310".
    const std::string& analyser() const { return analyser_; }
    Ranges ranges();
    /// `kind` is 'V' or 'A'; nothing sets the range to Auto.
    void set_range(char kind, std::optional<double> range);
    void go(const std::string& mark);
    void stop();
    /// The samples since the last call.
    std::vector<Sample> unread();
    /// Largest relative uncertainty since go(); nothing where the analyser does not tell it.
    std::optional<double> uncertainty();

  private:
    std::string ask(const std::string& command);
    [[noreturn]] void end(const std::string& why);

    std::string peer_;
    std::unique_ptr<net::LineConnection> connection_;
    std::string ended_;
    std::string analyser_;
};

/// Between two samples.
inline constexpr Seconds kInterval{1};

}  // namespace espalier::meters::ptdaemon
