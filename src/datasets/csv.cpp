#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "datasets/file_dataset.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;

/// Splits RFC 4180 text into records, one at a time.
class CsvReader {
  public:
    explicit CsvReader(std::string_view text) : text_(text) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    }

    /// Line number of the record that next() gave last, from 1.
    int line() const { return record_line_; }

    /// The next record that is not blank; false at the end.
    bool next(std::vector<std::string>& fields) {
        while (at_ < text_.size()) {
            record_line_ = line_;
            read_record(fields);
            if (fields.size() > 1 || !fields.front().empty()) return true;
        }
        return false;
    }

  private:
    void read_record(std::vector<std::string>& fields) {
        fields.assign(1, {});
        bool quoted = false;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '\n') ++line_;
            if (quoted && c == '"' && at_ < text_.size() && text_[at_] == '"') {
                fields.back() += '"';
                ++at_;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && c == ',') {
                fields.emplace_back();
            } else if (!quoted && c == '\n') {
                return;
            } else if (quoted || c != '\r') {
                fields.back() += c;
            }
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    int record_line_ = 1;
};

std::size_t column(const std::vector<std::string>& heading, const char* name, const fs::path& file) {
    const auto found = std::ranges::find(heading, name);
    if (found == heading.end()) {
        fail_usage("{}: the heading has no column \"{}\"; expected is \"file,class_index\"", file.string(),
                   name);
    }
    return static_cast<std::size_t>(found - heading.begin());
}

int parse_class(const std::string& text, std::size_t classes, const std::string& where) {
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
    const std::string text = read_text_file(file);
    CsvReader reader(text);
    std::vector<std::string> fields;
    if (!reader.next(fields))
        fail_usage("{} is empty; expected is a heading \"file,class_index\"", file.string());
    const std::size_t file_column = column(fields, "file", file);
    const std::size_t class_column = column(fields, "class_index", file);
    const std::size_t columns = fields.size();
    const fs::path root = file.parent_path();
    std::vector<FileDataset::Entry> entries;
    while (reader.next(fields)) {
        const std::string where = fmt::format("{} line {}", file.string(), reader.line());
        if (fields.size() != columns)
            fail_usage("{}: {} fields instead of {}", where, fields.size(), columns);
        const int label = parse_class(fields[class_column], labels.size(), where);
        std::error_code ignored;
        if (!fs::is_regular_file(root / fields[file_column], ignored)) {
            fail_usage("{}: there is no image {}", where, (root / fields[file_column]).string());
        }
        entries.push_back({fields[file_column], label});
    }
    if (entries.empty()) fail_usage("{} lists no image", file.string());
    return std::make_unique<FileDataset>("csv", root, std::move(entries), labels);
}

}  // namespace espalier::datasets
