#include "meters/number_file.h"

#include <charconv>
#include <cstring>

namespace espalier::meters {

NumberRead read_whole(const FileTree& files, const std::string& path) {
    const FileContent content = files.read(path);
    if (!content.ok())
        return Gap{GapKind::kUnreadable, files.display(path) + ": " + std::strerror(content.error)};
    std::int64_t value = 0;
    const char* end = content.text.data() + content.text.size();
    const auto result = std::from_chars(content.text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end)
        return Gap{GapKind::kMalformed, files.display(path) + " holds no whole number"};
    return value;
}

NumberRead read_count(const FileTree& files, const std::string& path) {
    const NumberRead number = read_whole(files, path);
    const std::int64_t* value = std::get_if<std::int64_t>(&number);
    if (value != nullptr && *value < 0)
        return Gap{GapKind::kMalformed, files.display(path) + " holds a negative number"};
    return number;
}

}  // namespace espalier::meters
