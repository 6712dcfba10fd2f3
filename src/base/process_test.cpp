#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/clock.h"

namespace espalier {
namespace {

bool never() { return false; }

ProcessRequest shell(const std::string& script) { return {.command = {"/bin/sh", "-c", script}}; }

TEST(RunProcess, PassesTextInAndOut) {
    auto request = shell("cat; echo trouble >&2; exit 3");
    request.input = std::string(1 << 20, 'x');
    const auto result = run_process(request, never);
    EXPECT_EQ(result.end, ProcessResult::End::kExited);
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.output, request.input);
    EXPECT_EQ(result.error_tail, "trouble\n");
}

TEST(RunProcess, SetsVariablesBesideThoseOfItsParent) {
    ::setenv("ESPALIER_TEST_INHERITED", "from the parent", 1);
    ::setenv("ESPALIER_TEST_REPLACED", "from the parent", 1);
    const auto result = run_process({.command = {"sh", "-c",
                                                 "echo $ESPALIER_TEST_INHERITED, $ESPALIER_TEST_REPLACED; "
                                                 "env | grep -c ESPALIER_TEST_REPLACED="},
                                     .environment = {{"ESPALIER_TEST_REPLACED", "a=b c"}}},
                                    never);
    EXPECT_EQ(result.output, "from the parent, a=b c\n1\n");
    ::unsetenv("ESPALIER_TEST_INHERITED");
    ::unsetenv("ESPALIER_TEST_REPLACED");
}

TEST(RunProcess, SurvivesAChildThatNeverReads) {
    auto request = shell("exit 0");
    request.input = std::string(1 << 20, 'x');
    EXPECT_EQ(run_process(request, never).exit_code, 0);
}

TEST(RunProcess, NamesTheSignalOfACrash) {
    const auto result = run_process(shell("kill -SEGV $$"), never);
    EXPECT_EQ(result.end, ProcessResult::End::kSignaled);
    EXPECT_EQ(result.signal, SIGSEGV);
}

TEST(RunProcess, EndsWhatTakesTooLong) {
    auto request = shell("sleep 60");
    request.timeout = Seconds(0.1);
    EXPECT_EQ(run_process(request, never).end, ProcessResult::End::kTimedOut);
}

TEST(RunProcess, EndsWhatWritesTooMuch) {
    auto request = shell("while :; do echo 0123456789; done");
    request.output_limit = 1000;
    EXPECT_EQ(run_process(request, never).end, ProcessResult::End::kTooLong);
}

TEST(RunProcess, EndsAtOnceWhenAsked) {
    const auto result = run_process(shell("sleep 60"), [] { return true; });
    EXPECT_EQ(result.end, ProcessResult::End::kStopped);
}

TEST(RunProcess, ReportsAProgramThatIsNotThere) {
    const auto result = run_process({.command = {"/nonexistent/program"}}, never);
    EXPECT_EQ(result.exit_code, 127);
    EXPECT_NE(result.error_tail, "");
}

/// Whether a process still runs; one that only waits to be collected by its parent does not.
bool alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return (file >> number >> name >> state) && state != "Z";
}

/// A number that a script wrote to a file, once it is there.
pid_t wait_for_pid(const std::string& path) {
    MonotonicClock clock;
    for (int i = 0; i < 500; ++i) {
        std::ifstream file(path);
        pid_t pid = 0;
        if (file >> pid && pid > 0) return pid;
        clock.sleep(Seconds(0.01));
    }
    return 0;
}

void expect_gone(pid_t pid) {
    MonotonicClock clock;
    for (int i = 0; i < 500 && alive(pid); ++i) clock.sleep(Seconds(0.01));
    EXPECT_FALSE(alive(pid));
}

TEST(RunProcess, LeavesNoGrandchildBehind) {
    const std::string file = testing::TempDir() + std::to_string(::getpid()) + "-grandchild";
    std::remove(file.c_str());
    const auto result = run_process(shell("sleep 60 & echo $! > " + file + "; kill -KILL $$"), never);
    EXPECT_EQ(result.signal, SIGKILL);
    expect_gone(wait_for_pid(file));
}

TEST(RunProcess, DiesWithItsParent) {
    const std::string file = testing::TempDir() + std::to_string(::getpid()) + "-orphan";
    std::remove(file.c_str());
    const pid_t parent = ::fork();
    if (parent == 0) {
        run_process(shell("echo $$ > " + file + "; exec sleep 60"), never);
        ::_exit(0);
    }
    const pid_t child = wait_for_pid(file);
    ASSERT_GT(child, 0);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    expect_gone(child);
}

}  // namespace
}  // namespace espalier
