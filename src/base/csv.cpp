#include "base/csv.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace espalier {
namespace {

constexpr std::size_t kPart = std::size_t{256} << 10;

bool starts_like_utf16(std::string_view text) {
    return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

}  // namespace

CsvReader::CsvReader(CsvSource source, std::string name, char separator)
    : source_(std::move(source)), name_(std::move(name)), separator_(separator) {
    while (buffer_.size() < 3 && fill()) {
    }
    if (starts_like_utf16(buffer_)) refuse("UTF-16; save the file as UTF-8");
    if (buffer_.starts_with("\xef\xbb\xbf")) begin_ = 3;
}

CsvReader::CsvReader(const std::filesystem::path& file, char separator)
    : CsvReader(read_file_in_parts(file), file.string(), separator) {}

std::string CsvReader::where() const { return fmt::format("{} line {}", name_, record_line_); }

void CsvReader::refuse(const char* what) const { fail_usage("{} line {}: {}", name_, line_, what); }

/// Reads another part behind what is left. False at the end of the source.
bool CsvReader::fill() {
    if (ended_) return false;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kPart);
    const std::size_t got = source_(std::span(buffer_).subspan(before));
    buffer_.resize(before + got);
    ended_ = got == 0;
    return !ended_;
}

std::span<const std::string_view> CsvReader::next() {
    for (;;) {
        record_line_ = line_;
        const std::size_t end = find_end();
        if (begin_ == end && begin_ == buffer_.size()) return {};
        split(end);
        begin_ = std::min(end + 1, buffer_.size());
        if (fields_.size() > 1 || !fields_.front().empty()) return fields_;
    }
}

/// Where in the buffer the record ends: at its line feed, or at the end of the text. Counts lines.
std::size_t CsvReader::find_end() {
    bool quoted = false;
    std::size_t at = begin_;
    for (;;) {
        if (at == buffer_.size()) {
            const std::size_t offset = at - begin_;
            if (offset > kLongestRecord)
                refuse("a record of more than 1 MiB; this does not look like a CSV file");
            const bool more = fill();
            at = begin_ + offset;  // what is left has moved to the front
            if (!more) break;
            continue;
        }
        const char c = buffer_[at];
        if (c == '\0') refuse("a zero byte; this is a binary file or one in UTF-16, not CSV text in UTF-8");
        if (c == '"') quoted = !quoted;
        if (c == '\n') {
            ++line_;
            if (!quoted) return at;
        }
        ++at;
    }
    if (quoted)
        fail_usage("{} line {}: a quoted field is never closed; the file may be cut off", name_,
                   record_line_);
    return at;
}

/// Cuts the record that ends at `end` into fields; quotes are taken out in place.
void CsvReader::split(std::size_t end) {
    fields_.clear();
    char* at = buffer_.data() + begin_;
    char* last = buffer_.data() + end;
    if (last > at && last[-1] == '\r') --last;
    for (;;) {
        if (at < last && *at == '"') {
            at = take_quoted(at, last);
        } else {
            char* start = at;
            while (at < last && *at != separator_) {
                if (*at == '"')
                    fail_usage("{}: a quote inside a field that does not begin with one", where());
                if (*at == '\r') fail_usage("{}: a carriage return alone; lines end in LF or CRLF", where());
                ++at;
            }
            fields_.emplace_back(start, static_cast<std::size_t>(at - start));
        }
        if (at == last) return;
        ++at;
    }
}

/// Takes the quoted field at `at`. Returns where its separator is, or `end`.
char* CsvReader::take_quoted(char* at, char* end) {
    char* const start = ++at;
    char* write = start;
    for (;; ++at) {
        if (*at != '"') {
            *write++ = *at;
        } else if (at + 1 < end && at[1] == '"') {
            *write++ = *at++;
        } else {
            break;
        }
    }
    ++at;
    if (at < end && *at != separator_) fail_usage("{}: text behind a closing quote", where());
    fields_.emplace_back(start, static_cast<std::size_t>(write - start));
    return at;
}

CsvSource read_file_in_parts(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail_usage("cannot open {}: {}", file.string(), std::strerror(errno));
    const std::shared_ptr<const int> handle(new int(fd), [](const int* owned) {
        ::close(*owned);
        delete owned;
    });
    return [handle, file](std::span<char> into) {
        for (;;) {
            const ssize_t got = ::read(*handle, into.data(), into.size());
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) fail("cannot read {}: {}", file.string(), std::strerror(errno));
        }
    };
}

}  // namespace espalier
