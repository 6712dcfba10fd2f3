#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/file.h"
#include "store/records.h"

namespace espalier::imports {

/// A CSV file with a heading, read once from front to back. The separator (comma, semicolon or tab) is the
/// one that the heading has most of; with another than a comma, numbers may have a decimal comma. Text is
/// UTF-8. Errors are of usage and name file and line.
class Table {
  public:
    /// Opens the file and reads its heading. Throws Error when it is empty or no CSV.
    explicit Table(const std::filesystem::path& file);
    /// The same of bytes from elsewhere; `name` is what errors call them.
    Table(const CsvSource& bytes, std::string name);

    const std::string& file() const { return file_; }
    std::int64_t line() const { return reader_->line(); }
    /// "FILE line 12".
    std::string where() const { return reader_->where(); }

    /// Names of the columns, without blanks around them.
    const std::vector<std::string>& columns() const { return columns_; }
    /// The column of that name, whatever its case.
    std::optional<std::size_t> find(std::string_view column) const;
    /// The same. Throws Error with a suggestion where there is none.
    std::size_t need(std::string_view column) const;

    /// Goes to the next record; false at the end. Throws Error for one with another number of fields.
    bool next();
    /// Its fields, without blanks around them.
    std::string_view text(std::size_t column) const { return fields_[column]; }
    /// A field as a number, a unit behind a blank left out ("62.5 W"). Nothing where it is empty or says that
    /// there is no value ("N/A"); NaN and infinity where it says so. Throws Error for anything else.
    std::optional<double> number(std::size_t column) const;
    std::optional<double> number(const std::optional<std::size_t>& column) const;
    /// FNV-1a of the fields, to tell equal records.
    std::uint64_t hash() const;

    /// What the file was; complete once next() was false.
    store::ImportedFile provenance() const;

  private:
    void check_utf8() const;

    std::string file_;
    std::shared_ptr<Sha256> digest_;
    std::shared_ptr<std::int64_t> bytes_;
    char separator_ = ',';
    std::unique_ptr<CsvReader> reader_;
    std::vector<std::string> columns_;
    std::vector<std::string_view> fields_;
    std::int64_t rows_ = 0;
    std::string sha256_;
};

/// The text in lower case (ASCII).
std::string lower(std::string_view text);

}  // namespace espalier::imports
