#include "cli/stop_signals.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace espalier::cli {
namespace {

// A signal handler can reach nothing but globals.
volatile std::sig_atomic_t requests = 0;
volatile std::sig_atomic_t last_signal = 0;
struct sigaction previous_interrupt;
struct sigaction previous_terminate;

extern "C" void take_note(int signal) {
    const int saved = errno;
    requests = requests + 1;
    last_signal = signal;
    if (requests == 1) {
        constexpr char kMessage[] = "\nStopping after this trial (again: at once).\n";
        (void)!::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    }
    errno = saved;
}

}  // namespace

StopSignals::StopSignals() {
    requests = 0;
    last_signal = 0;
    struct sigaction action {};
    action.sa_handler = take_note;
    sigemptyset(&action.sa_mask);
    // No SA_RESTART: a wait for the trial's process must return, so that the request is seen.
    ::sigaction(SIGINT, &action, &previous_interrupt);
    ::sigaction(SIGTERM, &action, &previous_terminate);
}

StopSignals::~StopSignals() {
    ::sigaction(SIGINT, &previous_interrupt, nullptr);
    ::sigaction(SIGTERM, &previous_terminate, nullptr);
}

int StopSignals::count() { return requests; }

int StopSignals::exit_code() { return last_signal == 0 ? 0 : 128 + last_signal; }

}  // namespace espalier::cli
