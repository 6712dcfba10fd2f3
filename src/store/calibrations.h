#pragma once

#include <optional>
#include <string>

#include "store/database.h"

namespace espalier::store {

/// Table calibration: what is known of how well a machine measures.
class Calibrations {
  public:
    explicit Calibrations(Database& database) : database_(database) {}

    /// Adds one; older ones of the machine stay.
    void add(const std::string& machine, const std::string& made_at, const std::string& json);

    /// The newest of the machine, "espalier.calibration/1"; nothing where it was never calibrated.
    std::optional<std::string> newest(const std::string& machine);

  private:
    Database& database_;
};

}  // namespace espalier::store
