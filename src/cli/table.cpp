#include "cli/table.h"

#include <algorithm>
#include <cstddef>

namespace espalier::cli {
namespace {

/// Characters, not bytes, of a UTF-8 text: what it takes on screen, combining characters apart.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string replace(std::string text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
    return text;
}

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    quoted += replace(text, "\"", "\"\"");
    quoted += '"';
    return quoted;
}

std::vector<std::size_t> widths(const Table& table) {
    std::vector<std::size_t> result;
    for (const auto& row : table) {
        result.resize(std::max(result.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) result[i] = std::max(result[i], width(row[i]));
    }
    return result;
}

}  // namespace

std::string write_aligned(const Table& table) {
    const auto column = widths(table);
    std::string text;
    for (const auto& row : table) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(column[i] - width(row[i]), ' ');
            if (i > 0) line += "  ";
            line += i == 0 ? row[i] + padding : padding + row[i];
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string write_markdown(const Table& table) {
    std::string text;
    for (std::size_t r = 0; r < table.size(); ++r) {
        for (const auto& cell : table[r]) {
            text += "| ";
            text += replace(cell, "|", "\\|");
            text += ' ';
        }
        text += "|\n";
        if (r > 0) continue;
        for (std::size_t i = 0; i < table[r].size(); ++i) text += i == 0 ? "| --- " : "| ---: ";
        text += "|\n";
    }
    return text;
}

std::string write_csv(const Table& table) {
    std::string text;
    for (const auto& row : table) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) text += ',';
            text += csv_cell(row[i]);
        }
        text += "\r\n";
    }
    return text;
}

std::string write_plain(const Table& table) {
    std::string text;
    for (std::size_t r = 1; r < table.size(); ++r) {
        for (std::size_t i = 0; i < table[r].size(); ++i) {
            if (i > 0) text += '\t';
            text += replace(replace(table[r][i], "\t", " "), "\n", " ");
        }
        text += '\n';
    }
    return text;
}

}  // namespace espalier::cli
