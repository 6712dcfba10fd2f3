#include "store/notes.h"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace espalier::store {

std::set<Id> excluded_trials(const StudyRecord& study) {
    std::set<Id> trials;
    for (const auto& note : study.notes) {
        if (note.code == kExcluded && note.trial_id != 0) trials.insert(note.trial_id);
    }
    return trials;
}

bool weakens(const NoteRecord& note) {
    constexpr std::string_view kOnlySaid[] = {"preprocessing", "calibration", "left-out", "import"};
    return std::find(std::begin(kOnlySaid), std::end(kOnlySaid), note.code) == std::end(kOnlySaid);
}

void Notes::add(Id study, const NoteRecord& note) {
    database_.guarded([&] {
        SQLite::Statement insert(
            database_.sql(),
            "INSERT INTO note (study_id, trial_id, code, text, created_at) "
            "SELECT ?1, nullif(?2, 0), ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM note WHERE "
            "study_id = ?1 AND coalesce(trial_id, 0) = ?2 AND code = ?3 AND text = ?4)");
        insert.bind(1, study);
        insert.bind(2, note.trial_id);
        insert.bind(3, note.code);
        insert.bind(4, note.text);
        insert.bind(5, note.created_at);
        insert.exec();
    });
}

std::vector<NoteRecord> Notes::list(Id study) {
    return database_.guarded([&] {
        SQLite::Statement select(
            database_.sql(),
            "SELECT coalesce(trial_id, 0), code, text, created_at FROM note WHERE study_id = ? ORDER BY id");
        select.bind(1, study);
        std::vector<NoteRecord> notes;
        while (select.executeStep()) {
            notes.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getString(),
                             select.getColumn(2).getString(), select.getColumn(3).getString()});
        }
        return notes;
    });
}

}  // namespace espalier::store
