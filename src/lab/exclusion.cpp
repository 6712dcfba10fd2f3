#include "lab/exclusion.h"

#include <algorithm>

#include "store/notes.h"

namespace espalier::lab {

std::vector<store::NoteRecord> exclude(const std::vector<store::NoteRecord>& notes,
                                       const std::vector<std::string>& causes) {
    for (const auto& note : notes) {
        if (std::find(causes.begin(), causes.end(), note.code) == causes.end()) continue;
        return {{0, store::kExcluded,
                 "left out of the results, as the plan says for '" + note.code + "': " + note.text, ""}};
    }
    return {};
}

}  // namespace espalier::lab
