#pragma once

#include <utility>

#include "base/error.h"
#include "meters/availability.h"

namespace espalier::meters {

/// A source that the user named gives no number now.
class SourceError : public Error {
  public:
    explicit SourceError(Availability why)
        : Error(why.reason, ErrorKind::kCannotMeasure), why_(std::move(why)) {}

    const Availability& why() const { return why_; }

  private:
    Availability why_;
};

/// It answers, but not with what was expected.
[[noreturn]] inline void broken(std::string reason, std::string fix = "") {
    throw SourceError({State::kBroken, std::move(reason), std::move(fix)});
}

}  // namespace espalier::meters
