#include "store/labels.h"

#include <algorithm>

namespace espalier::store {

std::string label(const StudyRecord& study, const VariantRecord& variant) {
    const bool several =
        std::any_of(study.variants.begin(), study.variants.end(),
                    [&](const VariantRecord& other) { return other.runtime != variant.runtime; });
    return several ? variant.runtime + "/" + variant.tactic : variant.tactic;
}

}  // namespace espalier::store
