#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/temporary_folder.h"

namespace espalier::meters {

/// Programs that print what a test says, found before all others of their name, and variables of the
/// environment; both as they were before when this object goes.
class FakePrograms {
  public:
    FakePrograms();
    ~FakePrograms();
    FakePrograms(const FakePrograms&) = delete;
    FakePrograms& operator=(const FakePrograms&) = delete;

    /// `program` called with arguments that begin with `arguments`, which have no slash, prints `output` and
    /// ends with 0.
    void says(const std::string& program, const std::string& arguments, const std::string& output);
    /// `program` writes `error` to standard error and ends with 1, whatever it is called with.
    void fails(const std::string& program, const std::string& error);
    /// The program is not installed, here or elsewhere.
    void lacks(const std::string& program);
    void set(const std::string& variable, const std::optional<std::string>& value);

  private:
    void write(const std::string& program, const std::string& script) const;

    TemporaryFolder folder_;
    std::map<std::string, std::optional<std::string>> before_;  ///< variables as they were
};

}  // namespace espalier::meters
