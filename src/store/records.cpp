#include "store/records.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace espalier::store {
namespace {

constexpr std::array<std::pair<TrialState, const char*>, 4> kStates = {{
    {TrialState::kPlanned, "planned"},
    {TrialState::kRunning, "running"},
    {TrialState::kDone, "done"},
    {TrialState::kFailed, "failed"},
}};

}  // namespace

std::string name(TrialState state) {
    for (const auto& [value, text] : kStates) {
        if (value == state) return text;
    }
    fail("trial state {} does not exist", static_cast<int>(state));
}

TrialState parse_trial_state(const std::string& text) {
    for (const auto& [value, known] : kStates) {
        if (text == known) return value;
    }
    fail("the store is damaged: '{}' is no state of a trial", text);
}

}  // namespace espalier::store
