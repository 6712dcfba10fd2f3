#pragma once

#include <span>
#include <string>
#include <string_view>

namespace espalier {

/// " Did you mean 'compile'?" for the candidate nearest to `word` (edit distance at most a third of its
/// length, at least 2), or an empty string where nothing is near. Made to be appended to an error message.
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

}  // namespace espalier
