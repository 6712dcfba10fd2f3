#pragma once

#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Table note: what a reader of the results must know.
class Notes {
  public:
    explicit Notes(Database& database) : database_(database) {}

    /// A note with the same study, trial, code and text is kept once.
    void add(Id study, const NoteRecord& note);

    std::vector<NoteRecord> list(Id study);

  private:
    Database& database_;
};

}  // namespace espalier::store
