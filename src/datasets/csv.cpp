#include <algorithm>
#include <charconv>
#include <span>

#include "base/csv.h"
#include "base/error.h"
#include "datasets/file_dataset.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;

std::size_t column(std::span<const std::string_view> heading, const char* name, const fs::path& file) {
    const auto found = std::ranges::find(heading, std::string_view(name));
    if (found == heading.end()) {
        fail_usage("{}: the heading has no column \"{}\"; expected is \"file,class_index\"", file.string(),
                   name);
    }
    return static_cast<std::size_t>(found - heading.begin());
}

int parse_class(std::string_view text, std::size_t classes, const std::string& where) {
    int index = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (problem != std::errc() || end != text.data() + text.size()) {
        fail_usage("{}: the class index \"{}\" is not a whole number", where, text);
    }
    if (index < 0 || static_cast<std::size_t>(index) >= classes) {
        fail_usage("{}: the class index {} is not one of the model's {} classes (0 to {})", where, index,
                   classes, classes - 1);
    }
    return index;
}

}  // namespace

std::unique_ptr<Dataset> open_csv(const fs::path& file, const std::vector<std::string>& labels) {
    CsvReader reader(file);
    auto fields = reader.next();
    if (fields.empty()) fail_usage("{} is empty; expected is a heading \"file,class_index\"", file.string());
    const std::size_t file_column = column(fields, "file", file);
    const std::size_t class_column = column(fields, "class_index", file);
    const std::size_t columns = fields.size();
    const fs::path root = file.parent_path();
    std::vector<FileDataset::Entry> entries;
    for (fields = reader.next(); !fields.empty(); fields = reader.next()) {
        if (fields.size() != columns)
            fail_usage("{}: {} fields instead of {}", reader.where(), fields.size(), columns);
        const int label = parse_class(fields[class_column], labels.size(), reader.where());
        const std::string image(fields[file_column]);
        std::error_code ignored;
        if (!fs::is_regular_file(root / image, ignored))
            fail_usage("{}: there is no image {}", reader.where(), (root / image).string());
        entries.push_back({image, label});
    }
    if (entries.empty()) fail_usage("{} lists no image", file.string());
    return std::make_unique<FileDataset>("csv", root, std::move(entries), labels);
}

}  // namespace espalier::datasets
