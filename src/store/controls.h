#pragma once

#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Table control: runs of the control workload in a study.
class Controls {
  public:
    explicit Controls(Database& database) : database_(database) {}

    void add(Id study, const ControlRecord& control);

    /// In the order they were added.
    std::vector<ControlRecord> list(Id study);

  private:
    Database& database_;
};

}  // namespace espalier::store
