#include "imports/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::imports {
namespace {

constexpr std::string_view kGaps[] = {"",
                                      "n/a",
                                      "[n/a]",
                                      "na",
                                      "none",
                                      "null",
                                      "-",
                                      "[not supported]",
                                      "[unknown error]",
                                      "[insufficient permissions]"};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The separator that the first line has most of, outside quotes.
char guess_separator(std::string_view sample) {
    constexpr char kSeparators[] = {',', ';', '\t'};
    std::array<int, 3> counts{};
    bool quoted = false;
    for (const char c : sample) {
        if (c == '"') quoted = !quoted;
        if (c == '\n' && !quoted) break;
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += !quoted && c == kSeparators[i] ? 1 : 0;
    }
    return kSeparators[std::max_element(counts.begin(), counts.end()) - counts.begin()];
}

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
}

bool is_gap(std::string_view text) {
    return std::any_of(std::begin(kGaps), std::end(kGaps),
                       [&](std::string_view gap) { return same(text, gap); });
}

/// The number at the beginning of `text`, which a blank and a unit may follow.
std::optional<double> parse(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0.0;
    const char* last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), last, value);
    if (problem == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
    if (problem != std::errc() || (end != last && *end != ' ' && *end != '%')) return std::nullopt;
    return value;
}

/// Length of the UTF-8 sequence at the beginning of `text`; 0 where there is none (RFC 3629).
std::size_t sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    if (length < 3) return length;
    const auto second = byte(1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

Table::Table(const std::filesystem::path& file) : Table(read_file_in_parts(file), file.string()) {}

Table::Table(const CsvSource& bytes, std::string name)
    : file_(std::move(name)), digest_(std::make_shared<Sha256>()), bytes_(std::make_shared<std::int64_t>(0)) {
    std::string sample(std::size_t{64} << 10, '\0');
    sample.resize(bytes(std::span(sample)));
    if (sample.empty()) fail_usage("{} is empty; expected is a CSV file with a heading", file_);
    separator_ = guess_separator(sample);
    // The sample is handed out first, so that a pipe can be read, too.
    const CsvSource source = [bytes, sample, at = std::size_t{0}, digest = digest_,
                              total = bytes_](std::span<char> into) mutable {
        std::size_t got = std::min(into.size(), sample.size() - at);
        std::memcpy(into.data(), sample.data() + at, got);
        at += got;
        if (got == 0) got = bytes(into);
        digest->update(std::as_bytes(into.first(got)));
        *total += static_cast<std::int64_t>(got);
        return got;
    };
    reader_ = std::make_unique<CsvReader>(source, file_, separator_);
    for (const auto field : reader_->next()) columns_.emplace_back(trimmed(field));
    if (columns_.empty())
        fail_usage("{} holds blank lines only; expected is a CSV file with a heading", file_);
    for (const auto& column : columns_) fields_.emplace_back(column);
    check_utf8();
}

std::optional<std::size_t> Table::find(std::string_view column) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const auto& known) { return same(known, column); });
    if (found == columns_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns_.begin());
}

std::size_t Table::need(std::string_view column) const {
    if (const auto found = find(column)) return *found;
    fail_usage("{} line 1: the heading has no column \"{}\".{}", file_, column, suggestion(column, columns_));
}

bool Table::next() {
    const auto fields = reader_->next();
    if (fields.empty()) {
        if (sha256_.empty()) sha256_ = digest_->hex();
        return false;
    }
    if (fields.size() != columns_.size()) {
        fail_usage(
            "{}: {} fields where the heading has {}; the file may be cut off, or a text with a separator "
            "lacks its quotes",
            where(), fields.size(), columns_.size());
    }
    for (std::size_t i = 0; i < fields.size(); ++i) fields_[i] = trimmed(fields[i]);
    check_utf8();
    ++rows_;
    return true;
}

void Table::check_utf8() const {
    for (auto field : fields_) {
        const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
        if (std::all_of(field.begin(), field.end(), is_ascii)) continue;
        while (!field.empty()) {
            const std::size_t length = sequence(field);
            if (length == 0) {
                fail_usage(
                    "{}: the byte 0x{:02x} is not UTF-8; convert the file, for example: iconv -f latin1 -t "
                    "utf-8",
                    where(), static_cast<unsigned char>(field.front()));
            }
            field.remove_prefix(length);
        }
    }
}

std::optional<double> Table::number(std::size_t column) const {
    const std::string_view field = fields_[column];
    const auto comma = separator_ == ',' ? std::string_view::npos : field.find(',');
    if (comma == std::string_view::npos) {
        if (const auto value = parse(field)) return value;
    } else if (field.find('.') == std::string_view::npos &&
               field.find(',', comma + 1) == std::string_view::npos) {
        std::string text(field);
        text[comma] = '.';
        if (const auto value = parse(text)) return value;
    }
    if (is_gap(field)) return std::nullopt;
    fail_usage("{}: column \"{}\" holds \"{}\", which is no number", where(), columns_[column],
               field.substr(0, 40));
}

std::optional<double> Table::number(const std::optional<std::size_t>& column) const {
    return column ? number(*column) : std::nullopt;
}

std::uint64_t Table::hash() const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
    for (const auto field : fields_) {
        for (const char c : field) mix(static_cast<unsigned char>(c));
        mix(0x1f);
    }
    return hash;
}

store::ImportedFile Table::provenance() const { return {file_, sha256_, *bytes_, rows_}; }

}  // namespace espalier::imports
