#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/sampler.h"

namespace espalier::lab {

/// How a command ended.
struct CommandEnd {
    int exit_code = 0;  ///< as a shell tells it: 128 + signal where a signal ended it
    Seconds cpu_time;   ///< of the command and of its children that it waited for
};

/// Runs a program, looked up in PATH, on this process's own streams, and waits for it. Ctrl-C at the terminal
/// ends the program and not its caller. Throws a usage Error when it cannot be started.
CommandEnd run_command(const std::vector<std::string>& command);

/// One run of the command, and what the meters say about the time from its start to its end.
struct CommandRun {
    Seconds start;  ///< on the clock of the meters
    Seconds end;
    CommandEnd how;
    Seconds own_cpu_time;  ///< processor time that this process used meanwhile, the readings at both ends
                           ///< included
    std::vector<meters::WindowReading> windows;  ///< one for each meter
    std::vector<std::size_t> best;               ///< of `windows`: see best_by_part()
    /// Why energies of this run may be wrong: a window too short for a meter, or meters that contradict each
    /// other.
    std::vector<std::string> doubts;
};

/// What was measured around and during a command.
struct MeasuredCommand {
    std::vector<meters::WindowReading> idle_before;  ///< one for each meter; empty without idle phases
    std::vector<CommandRun> runs;
    std::vector<meters::WindowReading> idle_after;
};

/// Carries out:  idle -> runs, one after the other -> idle. Ends the runs after one that fails. After each
/// run the counters are watched for three refreshes: one that does not move any more may have stopped during
/// the run, so its energy is not told.
MeasuredCommand measure_command(int runs, Seconds idle, meters::Sampler& sampler, Clock& clock,
                                const std::function<CommandEnd()>& command);

/// Energy above what idling would have taken in the same time.
struct AboveIdle {
    Joules energy;    ///< may be negative where it is lost in the noise
    Joules standard;  ///< standard uncertainty
    Watts idle_before;
    Watts idle_after;
    /// The idle powers differ by more than 3 %, or the energy is less than two standard uncertainties.
    bool doubtful = false;
};

/// E - P T with the mean of the two idle powers;  u^2 = u(E)^2 + T^2 u(P)^2,  in which half of the difference
/// between the idle powers counts as drift. Nothing where one of the three windows of the meter has no
/// energy, or it is a model known up to a factor.
std::optional<AboveIdle> above_idle(const meters::WindowReading& idle_before,
                                    const meters::WindowReading& run,
                                    const meters::WindowReading& idle_after);

/// Indices of the windows that answer best how much energy was used, one for each part of the machine, in
/// their order: that of the best tier that has an energy. Where the window holds less than 10 refreshes of a
/// counter, a sensor comes before it: at constant power the counter errs by up to a tenth or more there, the
/// sensor not.
std::vector<std::size_t> best_by_part(const std::vector<meters::WindowReading>& windows,
                                      const std::vector<meters::Meter*>& meters);

}  // namespace espalier::lab
