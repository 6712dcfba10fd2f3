// What every floor includes of the standard library, compiled once for all of them: half of the time that a source file
// of this project costs is spent on reading these. Every file still includes what it uses.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
