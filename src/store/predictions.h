#pragma once

#include <optional>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Table prediction: per-image outcomes, once per variant.
class Predictions {
  public:
    explicit Predictions(Database& database) : database_(database) {}

    /// Keeps the predictions of `trial` for `variant`; the first ones stay when there are some already.
    void add(Id variant, Id trial, const PredictionRecord& prediction);

    std::optional<PredictionRecord> read(Id variant);

  private:
    Database& database_;
};

}  // namespace espalier::store
