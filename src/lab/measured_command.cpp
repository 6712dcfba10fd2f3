#include "lab/measured_command.h"

#include <fmt/core.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.h"
#include "lab/metered.h"
#include "lab/protocol.h"

namespace espalier::lab {
namespace {

constexpr int kSignalled = 128;
constexpr double kSteadyIdle = 0.03;
constexpr double kSigmas = 2.0;
constexpr int kRefreshesNeeded = 10;

/// While alive, Ctrl-C and Ctrl-\ at the terminal are the command's alone, as with time(1).
class IgnoreKeys {
  public:
    IgnoreKeys() : interrupt_(std::signal(SIGINT, SIG_IGN)), quit_(std::signal(SIGQUIT, SIG_IGN)) {}
    ~IgnoreKeys() {
        std::signal(SIGINT, interrupt_);
        std::signal(SIGQUIT, quit_);
    }
    IgnoreKeys(const IgnoreKeys&) = delete;
    IgnoreKeys& operator=(const IgnoreKeys&) = delete;

  private:
    void (*interrupt_)(int);
    void (*quit_)(int);
};

/// What the program starts with: it shall not ignore what its caller ignores.
class Attributes {
  public:
    Attributes() {
        sigset_t keys;
        sigemptyset(&keys);
        sigaddset(&keys, SIGINT);
        sigaddset(&keys, SIGQUIT);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigdefault(&attributes_, &keys);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
    }
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_;
};

Seconds seconds(const timeval& time) {
    return Seconds(static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec));
}

std::vector<meters::WindowReading> idle_windows(meters::Sampler& sampler, Clock& clock, Seconds length) {
    if (length <= Seconds(0)) return {};
    const meters::Mark begin = sampler.mark(meters::Edge::kBegin);
    clock.sleep(length);
    const meters::Mark end = sampler.mark(meters::Edge::kEnd);
    return sampler.windows(begin, end);
}

CommandRun run_once(meters::Sampler& sampler, Clock& clock, const std::function<CommandEnd()>& command) {
    CommandRun run;
    const Seconds used = process_cpu_time();
    const meters::Mark begin = sampler.mark(meters::Edge::kBegin);
    run.start = clock.now();
    run.how = command();
    run.end = clock.now();
    const meters::Mark end = sampler.mark(meters::Edge::kEnd);
    run.own_cpu_time = process_cpu_time() - used;
    run.windows = sampler.windows(begin, end);
    return run;
}

/// How long a counter must be watched to see whether it still moves.
Seconds watch_time(const meters::Sampler& sampler) {
    Seconds longest;
    for (const meters::Meter* meter : sampler.meters()) {
        const auto& description = meter->description();
        if (description.always_draws) longest = std::max(longest, description.refresh_period * 3);
    }
    return longest;
}

/// Takes the energies of the counters away that stood still after the run.
void reject_stopped(const std::vector<meters::WindowReading>& after, CommandRun& run) {
    for (std::size_t i = 0; i < after.size(); ++i) {
        meters::WindowReading& window = run.windows[i];
        if (after[i].valid() || !window.energy) continue;
        window.validity = meters::Validity::kGap;
        window.problem = "right after the command: " + after[i].problem;
        window.energy.reset();
        window.uncertainty = {};
    }
}

std::vector<std::string> doubts_about(const CommandRun& run, const std::vector<meters::Meter*>& meters) {
    std::vector<std::string> doubts;
    for (std::size_t i = 0; i < meters.size(); ++i) {
        const Seconds needed = meters::shortest_window(meters[i]->description());
        if (!run.windows[i].energy || run.windows[i].duration() >= needed) continue;
        doubts.push_back(fmt::format("{:.3f} s is short for {}, which needs {:.0f} s for a good number",
                                     run.windows[i].duration().value(), run.windows[i].meter,
                                     needed.value()));
    }
    store::PhaseRecord phase;
    phase.name = "run";
    add_windows(run.windows, phase);
    for (const store::NoteRecord& note : judge_agreement(phase)) doubts.push_back(note.text);
    return doubts;
}

Watts mean_power(const meters::WindowReading& window) { return *window.energy / window.duration(); }

Watts standard_power(const meters::WindowReading& window) {
    return window.uncertainty.standard() / window.duration();
}

bool tells_energy(const meters::WindowReading& window) {
    return window.energy && !window.uncertainty.factor && window.duration() > Seconds(0);
}

}  // namespace

CommandEnd run_command(const std::vector<std::string>& command) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const IgnoreKeys ignore;
    const Attributes attributes;
    pid_t process = -1;
    const int error = ::posix_spawnp(&process, words[0], nullptr, attributes.get(), words.data(), environ);
    if (error != 0) fail_usage("'{}' cannot be started: {}", command.front(), std::strerror(error));
    int status = 0;
    rusage used{};
    while (::wait4(process, &status, 0, &used) < 0) {
        if (errno != EINTR) fail("'{}' was started, but is lost: {}", command.front(), std::strerror(errno));
    }
    CommandEnd end;
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
    end.cpu_time = seconds(used.ru_utime) + seconds(used.ru_stime);
    return end;
}

MeasuredCommand measure_command(int runs, Seconds idle, meters::Sampler& sampler, Clock& clock,
                                const std::function<CommandEnd()>& command) {
    MeasuredCommand measured;
    measured.idle_before = idle_windows(sampler, clock, idle);
    for (int i = 0; i < runs; ++i) {
        CommandRun& run = measured.runs.emplace_back(run_once(sampler, clock, command));
        reject_stopped(idle_windows(sampler, clock, watch_time(sampler)), run);
        run.doubts = doubts_about(run, sampler.meters());
        run.best = best_by_part(run.windows, sampler.meters());
        if (run.how.exit_code != 0) break;
    }
    measured.idle_after = idle_windows(sampler, clock, idle);
    return measured;
}

std::optional<AboveIdle> above_idle(const meters::WindowReading& idle_before,
                                    const meters::WindowReading& run,
                                    const meters::WindowReading& idle_after) {
    if (!tells_energy(idle_before) || !tells_energy(run) || !tells_energy(idle_after)) return std::nullopt;
    AboveIdle above;
    above.idle_before = mean_power(idle_before);
    above.idle_after = mean_power(idle_after);
    const Watts idle = (above.idle_before + above.idle_after) / 2;
    const double drift = (above.idle_after - above.idle_before).value() / 2;
    const double sensor =
        std::hypot(standard_power(idle_before).value(), standard_power(idle_after).value()) / 2;
    const double seconds = run.duration().value();
    above.energy = *run.energy - idle * run.duration();
    above.standard =
        Joules(std::hypot(run.uncertainty.standard().value(), seconds * std::hypot(drift, sensor)));
    above.doubtful =
        std::fabs(2 * drift) > kSteadyIdle * idle.value() || above.energy < above.standard * kSigmas;
    return above;
}

std::vector<std::size_t> best_by_part(const std::vector<meters::WindowReading>& windows,
                                      const std::vector<meters::Meter*>& meters) {
    const auto rank = [&](std::size_t i) {
        const auto& description = meters[i]->description();
        const bool resolved = description.unit == meters::UnitKind::kPower ||
                              windows[i].duration() >= description.refresh_period * kRefreshesNeeded;
        return std::pair(!resolved, windows[i].tier);
    };
    std::map<meters::Part, std::size_t> best;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        if (!windows[i].energy) continue;
        const auto [place, first] = best.emplace(windows[i].part, i);
        if (!first && rank(i) < rank(place->second)) place->second = i;
    }
    std::vector<std::size_t> indices;
    for (const auto& [part, index] : best) indices.push_back(index);
    return indices;
}

}  // namespace espalier::lab
