#pragma once

#include <string>
#include <vector>

namespace espalier::datasets {

/// Class indices for the class folders of a data set, in the order of `folders`. A folder is named as the
/// label, or as one of its comma-separated synonyms ("tench, Tinca tinca"), where case and ' ', '_', '-' do
/// not matter; or, if no folder matches that way, as the class index. If none of these fits any folder and
/// there are as many folders as labels, sorted folders are taken for the classes in order, with a warning.
/// Throws a usage Error that lists the folders that fit no label, with suggestions; `source` names the data
/// set.
std::vector<int> match_classes(const std::vector<std::string>& folders,
                               const std::vector<std::string>& labels, const std::string& source);

}  // namespace espalier::datasets
