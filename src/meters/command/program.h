#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "base/child_process.h"
#include "base/clock.h"
#include "meters/meter.h"

namespace espalier::meters::command {

/// The words of a command line: separated by blanks, unless in '...' or "...". No shell is involved. Throws a
/// usage Error for a quotation that does not end, or no word.
std::vector<std::string> split_words(std::string_view line);

/// A number from a line that is one, or from JSON at `pointer` where that is not empty. Nothing where there
/// is none.
std::optional<double> number_of(const std::string& line, const std::string& pointer);

/// What a program printed on its standard output, at most 1 MiB; or how it failed.
std::variant<std::string, Gap> output_of(const std::vector<std::string>& command, Seconds timeout);

/// Finds the number in what a program printed.
using Parse = std::function<std::variant<double, Gap>(const std::string& output)>;

/// The last line that was printed is the number, or JSON with it at `pointer`.
Parse last_number(std::string pointer);

/// What a program said, when, and how well that is known.
struct Said {
    double value = 0.0;
    Seconds time;
    Seconds time_error;
};

/// A way to get numbers out of a program.
class Program {
  public:
    virtual ~Program() = default;
    virtual std::variant<Said, Gap> ask() = 0;
};

/// Runs the program for every question.
class OnceProgram final : public Program {
  public:
    OnceProgram(std::vector<std::string> command, Parse parse, Seconds timeout, const Clock& clock);
    std::variant<Said, Gap> ask() override;

  private:
    std::vector<std::string> command_;
    Parse parse_;
    Seconds timeout_;
    const Clock& clock_;
};

/// Runs the program once and keeps its latest line, with the time at which it came. A line that is older than
/// `stale` is a gap.
class StreamProgram final : public Program {
  public:
    StreamProgram(std::vector<std::string> command, std::string pointer, Seconds stale, const Clock& clock);
    ~StreamProgram() override;
    StreamProgram(const StreamProgram&) = delete;
    StreamProgram& operator=(const StreamProgram&) = delete;

    /// Waits for the first line, at most `longest`.
    std::variant<Said, Gap> first(Seconds longest);
    std::variant<Said, Gap> ask() override;

  private:
    void listen();
    void take_lines(std::string& text);
    void set(std::variant<Said, Gap> latest);

    std::string pointer_;
    Seconds stale_;
    const Clock& clock_;
    ChildProcess child_;
    std::mutex mutex_;
    std::optional<std::variant<Said, Gap>> latest_;
    bool stopping_ = false;
    std::thread listener_;
};

}  // namespace espalier::meters::command
