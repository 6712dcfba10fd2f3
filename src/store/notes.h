#pragma once

#include <set>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Code of the note of a trial that is kept and shown, but left out of every result.
inline constexpr const char* kExcluded = "excluded";

/// Trials of the study with such a note.
std::set<Id> excluded_trials(const StudyRecord& study);

/// Whether a note tells of something that weakens the results; others need only be said.
bool weakens(const NoteRecord& note);

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
