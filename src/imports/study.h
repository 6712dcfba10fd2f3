#pragma once

#include <string>
#include <vector>

#include "imports/artefact.h"
#include "imports/measurements.h"
#include "store/database.h"
#include "store/records.h"

namespace espalier::imports {

struct ImportOptions {
    std::string name;    ///< of the study, for people; empty: the first file's name
    bool again = false;  ///< also a file that the store has already
};

/// The study that the measurements are, not yet in a store: one trial for each repetition, one measured
/// window in each, no evidence, and notes on what could not be mapped and on `artefacts`. `now` is the time
/// of the import.
store::StudyRecord study_of(const Measurements& measurements, const std::vector<Artefact>& artefacts,
                            const ImportOptions& options, const std::string& now);

/// Writes the study, all of it or nothing, and fills in ids and key. Throws a usage Error where a file of it
/// is in the store already and `again` is not set; the store is unchanged then.
void write_study(store::Database& database, store::StudyRecord& study, bool again);

/// The measurements of a study in a store, for the audit. Meters tell their refresh period in the
/// environment.
Measurements measurements_of(const store::StudyRecord& study);

}  // namespace espalier::imports
