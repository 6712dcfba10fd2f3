// What most floors include of the standard library, compiled once for those of the same flags: reading it took a third of
// the time in which a source file is compiled. Every file still includes what it uses.
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
