#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace espalier {

/// What an error means to whoever started the program; the command line turns it into an exit code.
enum class ErrorKind {
    kFailure,        ///< something could not be done at run time (exit 1)
    kUsage,          ///< the command or its configuration is wrong (exit 2)
    kCannotMeasure,  ///< a measurement was demanded that this machine cannot make (exit 3)
    kGate,           ///< a limit the user set is not met (exit 4)
};

/// An error that is told to the user: what happened, to which file or node, what was expected, and what to
/// do.
class Error : public std::runtime_error {
  public:
    explicit Error(const std::string& message, ErrorKind kind = ErrorKind::kFailure)
        : std::runtime_error(message), kind_(kind) {}

    ErrorKind kind() const { return kind_; }

  private:
    ErrorKind kind_;
};

/// Throws an Error of kind kFailure with a formatted message.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
    throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws an Error of kind kUsage with a formatted message.
template <typename... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
    throw Error(fmt::format(format, std::forward<Args>(args)...), ErrorKind::kUsage);
}

}  // namespace espalier
