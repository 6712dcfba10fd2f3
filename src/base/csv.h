#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

/// Where a CsvReader gets its bytes: fills the span from its beginning and says how many there are now; 0 at
/// the end.
using CsvSource = std::function<std::size_t(std::span<char>)>;

/// Reads records as RFC 4180 defines them, one at a time, in memory that does not grow with the file. A
/// byte-order mark of UTF-8 is skipped, so are blank lines; lines end in LF or CRLF. Nothing is guessed: a
/// quote in the middle of a field, text behind a closing quote, a quote that is never closed, a carriage
/// return alone, a NUL and a record of more than kLongestRecord are usage Errors that name the source and the
/// line.
class CsvReader {
  public:
    static constexpr std::size_t kLongestRecord = std::size_t{1} << 20;

    /// `name` is what errors call the source.
    CsvReader(CsvSource source, std::string name, char separator = ',');
    /// Opens a file. Throws Error when it cannot be read.
    explicit CsvReader(const std::filesystem::path& file, char separator = ',');

    /// The fields of the next record, without their quotes; empty at the end. They stay until the next call.
    std::span<const std::string_view> next();

    /// Line on which the record that next() gave last begins, from 1.
    std::int64_t line() const { return record_line_; }

    /// "NAME line 12".
    std::string where() const;

  private:
    bool fill();
    std::size_t find_end();
    void split(std::size_t end);
    char* take_quoted(char* at, char* end);
    [[noreturn]] void refuse(const char* what) const;

    CsvSource source_;
    std::string name_;
    char separator_;
    std::string buffer_;
    std::size_t begin_ = 0;  ///< of what is not handed out yet, in buffer_
    bool ended_ = false;
    std::int64_t line_ = 1;
    std::int64_t record_line_ = 1;
    std::vector<std::string_view> fields_;
};

/// The bytes of a file, read from its beginning. Throws Error when it cannot be opened; the source throws
/// when it cannot be read.
CsvSource read_file_in_parts(const std::filesystem::path& file);

}  // namespace espalier
